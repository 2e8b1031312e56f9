"""What the lab's tenant holds, as Microsoft Graph has it: the rows of the estate, and more than the recorder asks for.

The rows are those that the parts of the estate record; what is added here must not come into a recording: objects
that a ``$filter`` leaves out, and properties that ``$select`` does not name or that are not to be kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct

from comgmt_audit import design as designs
from comgmt_audit.recording import RecordingWriter
from tests.lab import azure, azure_resources, conditional_access, entra_apps, entra_devices, intune, people, tenant
from tests.lab.estate import Estate
from tests.lab.names import NOW
from tests.lab.servers import cloud_workloads
from tests.lab.servers.cloud_filter import Row


class Type(Struct, frozen=True, kw_only=True):
    """An entity type: property names in v1.0, those that only beta has, and those that come without ``$select``."""

    v1: frozenset[str] = frozenset()
    beta: frozenset[str] = frozenset()
    default: tuple[str, ...] | None = None
    """``None``: all that the object has."""
    hidden: frozenset[str] = frozenset()
    """Come only when ``$select`` names them."""
    beta_only: bool = False


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MOBILE_APP = _names(
    "id displayName description publisher createdDateTime lastModifiedDateTime isFeatured owner developer notes"
    " privacyInformationUrl informationUrl largeIcon publishingState assignments categories"
)
_CONFIGURATION = _names("id displayName description priority version createdDateTime lastModifiedDateTime assignments")
_POLICY = _names("id displayName description version createdDateTime lastModifiedDateTime assignments")

TYPES = {
    "organization": Type(
        v1=_names(
            "id displayName tenantType countryLetterCode createdDateTime defaultUsageLocation preferredLanguage"
            " onPremisesSyncEnabled onPremisesLastSyncDateTime mobileDeviceManagementAuthority partnerTenantType"
            " technicalNotificationMails verifiedDomains assignedPlans provisionedPlans"
        ),
        beta=_names("onPremisesLastPasswordSyncDateTime certificateConnectorSetting directorySizeQuota"),
        hidden=frozenset({"mobileDeviceManagementAuthority"}),
    ),
    "subscribedSku": Type(
        v1=_names(
            "id accountId accountName appliesTo capabilityStatus consumedUnits prepaidUnits servicePlans skuId"
            " skuPartNumber subscriptionIds"
        )
    ),
    "user": Type(
        v1=_names(
            "id userPrincipalName accountEnabled userType usageLocation onPremisesSyncEnabled assignedLicenses"
            " assignedPlans licenseAssignmentStates deviceEnrollmentLimit onPremisesImmutableId onPremisesDomainName"
            " onPremisesSecurityIdentifier"
            " createdDateTime businessPhones displayName givenName jobTitle mail mobilePhone officeLocation"
            " preferredLanguage surname"
        ),
        # Microsoft Graph, List users, "Optional query parameters".
        default=(
            *("businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone"),
            *("officeLocation", "preferredLanguage", "surname", "userPrincipalName"),
        ),
    ),
    "group": Type(
        v1=_names(
            "id displayName description securityEnabled mailEnabled groupTypes membershipRule"
            " membershipRuleProcessingState onPremisesSyncEnabled assignedLicenses licenseProcessingState"
            " hasMembersWithLicenseErrors createdDateTime members transitiveMembers"
        ),
        hidden=frozenset({"assignedLicenses", "licenseProcessingState", "hasMembersWithLicenseErrors"}),
    ),
    "device": Type(
        v1=_names(
            "id deviceId displayName accountEnabled trustType profileType isManaged isCompliant managementType mdmAppId"
            " operatingSystem operatingSystemVersion onPremisesSyncEnabled onPremisesLastSyncDateTime"
            " registrationDateTime approximateLastSignInDateTime"
        )
    ),
    "unifiedRoleAssignment": Type(
        v1=_names("id principalId roleDefinitionId directoryScopeId appScopeId condition principal roleDefinition")
    ),
    "application": Type(
        v1=_names(
            "id appId displayName identifierUris passwordCredentials keyCredentials web spa publicClient api"
            " requiredResourceAccess signInAudience isFallbackPublicClient isDeviceOnlyAuthSupported createdDateTime"
        )
    ),
    "servicePrincipal": Type(
        v1=_names(
            "id appId displayName accountEnabled servicePrincipalType appRoleAssignmentRequired oauth2PermissionScopes"
            " servicePrincipalNames disabledByMicrosoftStatus passwordCredentials appRoles appRoleAssignedTo"
        )
    ),
    "oAuth2PermissionGrant": Type(v1=_names("id clientId consentType principalId resourceId scope")),
    "appRoleAssignment": Type(
        v1=_names(
            "id appRoleId createdDateTime principalId principalType principalDisplayName resourceId"
            " resourceDisplayName deletedDateTime"
        )
    ),
    # Microsoft Graph beta, mobilityManagementPolicy resource type; not in v1.0.
    "mobilityManagementPolicy": Type(
        beta=_names(
            "id appliesTo complianceUrl description discoveryUrl displayName isValid termsOfUseUrl includedGroups"
        ),
        beta_only=True,
    ),
    "deviceEnrollmentConfiguration": Type(
        v1=_CONFIGURATION, beta=_names("deviceEnrollmentConfigurationType roleScopeTagIds")
    ),
    "deviceEnrollmentPlatformRestrictionsConfiguration": Type(
        v1=_CONFIGURATION
        | _names("windowsRestriction windowsMobileRestriction iosRestriction androidRestriction macOSRestriction")
    ),
    "deviceEnrollmentLimitConfiguration": Type(v1=_CONFIGURATION | {"limit"}),
    # Microsoft Graph beta, deviceComanagementAuthorityConfiguration resource type; not in v1.0.
    "deviceComanagementAuthorityConfiguration": Type(
        beta=_CONFIGURATION
        | _names(
            "managedDeviceAuthority installConfigurationManagerAgent configurationManagerAgentCommandLineArgument"
        ),
        beta_only=True,
    ),
    "mobileApp": Type(v1=_MOBILE_APP, beta=_names("isAssigned uploadState")),
    "windowsMobileMSI": Type(
        v1=_MOBILE_APP
        | _names("commandLine productCode productVersion ignoreVersionDetection committedContentVersion fileName size")
    ),
    "win32LobApp": Type(
        v1=_MOBILE_APP
        | _names(
            "installCommandLine uninstallCommandLine setupFilePath msiInformation committedContentVersion fileName size"
        )
    ),
    "iosStoreApp": Type(v1=_MOBILE_APP | _names("bundleId appStoreUrl")),
    "managedDevice": Type(
        v1=_names(
            "id userId deviceName managedDeviceOwnerType managementState enrolledDateTime lastSyncDateTime"
            " operatingSystem osVersion complianceState jailBroken managementAgent azureADRegistered"
            " deviceEnrollmentType azureADDeviceId deviceRegistrationState userPrincipalName model manufacturer"
            " serialNumber configurationManagerClientEnabledFeatures managementCertificateExpirationDate isEncrypted"
        ),
        beta=_names(
            "configurationManagerClientHealthState configurationManagerClientInformation joinType autopilotEnrolled"
            " azureActiveDirectoryDeviceId ownerType managementFeatures skuFamily"
        ),
    ),
    "windowsUniversalAppX": Type(v1=_MOBILE_APP),
    # Microsoft Graph beta, officeSuiteApp resource type; not in v1.0.
    "officeSuiteApp": Type(beta=_MOBILE_APP, beta_only=True),
    "deviceCompliancePolicy": Type(v1=_POLICY),
    "deviceConfiguration": Type(v1=_POLICY),
    # Microsoft Graph beta: settings catalogue, administrative templates, security baselines, feature updates.
    "deviceManagementConfigurationPolicy": Type(
        beta=_names("id name description platforms technologies templateReference isAssigned assignments"),
        beta_only=True,
    ),
    "groupPolicyConfiguration": Type(beta=_names("id displayName description assignments"), beta_only=True),
    "deviceManagementIntent": Type(
        beta=_names("id displayName description isAssigned templateId assignments"), beta_only=True
    ),
    "windowsFeatureUpdateProfile": Type(
        beta=_names("id displayName description featureUpdateVersion assignments"), beta_only=True
    ),
    "onPremisesDirectorySynchronization": Type(v1=_names("id configuration features")),
    "conditionalAccessPolicy": Type(
        v1=_names("id displayName state createdDateTime modifiedDateTime conditions grantControls sessionControls")
    ),
}
"""Property names of ``graph.md`` (CSDL of v1.0, names of beta); a test holds them against msgraph-sdk."""

INTUNE_ADMINISTRATOR = "3a2c62db-5318-420d-8d74-23affee5d9d5"
"""Role template id (``graph.md``, 8)."""


class _Captured(RecordingWriter):
    """Keeps the rows that the estate's parts record, in memory."""

    def __init__(self, estate: Estate) -> None:
        super().__init__(Path(), recorded_at=NOW, design=designs.from_mapping(estate.design, "the lab's design"))
        self.rows: dict[str, list[Row]] = {}
        self.documents: dict[str, Row] = {}
        self.requests: list[str] = []

    def json(self, id: str, document: Any, **rest: Any) -> None:
        """Keep a document."""
        self.documents[id] = document
        self.requests.append(rest["request"])

    def lines(self, id: str, items: Iterable[Any], **rest: Any) -> None:
        """Keep a list."""
        self.rows[id] = list(items)
        self.requests.append(rest["request"])


class Objects(Struct, frozen=True, kw_only=True):
    """Everything that can be asked for; ``sets`` are the lists by the path after the version."""

    tenant_id: str
    subscription_id: str
    sets: dict[str, list[Row]]
    members: dict[str, dict[str, list[Row]]]
    """By group and type."""
    authority: Row
    subscription: Row
    providers: list[Row]
    resources: list[Row]
    """Every resource as the list of all has it, and what is not the CMG's."""
    addresses: list[Row]
    assignments: list[Row]
    free: dict[str, bool | None]
    """Can the CMG's name be had, by the type of resource?"""
    requests: tuple[str, ...]
    """What the recorder asks, as it is written down."""


def objects(estate: Estate) -> Objects:
    """The estate's cloud."""
    captured = _Captured(estate)
    for part in (tenant, conditional_access, people, entra_apps, entra_devices, intune, azure):
        part.record(estate, captured)
    rows = captured.rows
    return Objects(
        tenant_id=estate.names.tenant_id,
        subscription_id=estate.names.subscription_id,
        sets={path: _without_order(found) for path, found in _sets(estate, captured).items()},
        members={row["id"]: _members(rows, row["id"]) for row in rows["graph/groups"]},
        authority=captured.documents["graph/mdm-authority"],
        subscription=captured.documents["arm/subscription"],
        providers=rows["arm/providers"],
        resources=[azure_resources.resource(estate, one) for one in (*estate.azure.resources.listed, _OTHER)],
        addresses=[*(azure_resources.address(estate, one) for one in estate.azure.resources.addresses), _unnamed()],
        assignments=azure_resources.assignments(estate),
        free={type: azure_resources.free(estate, type) for type in _NAMED},
        requests=tuple(captured.requests),
    )


_NAMED = (azure_resources.ADDRESS, azure_resources.KEY_VAULT, azure_resources.STORAGE)
_OTHER = azure_resources.Resource(type=azure_resources.SCALE_SET, name="web-shop", group="rg-shop")
"""What is not the CMG's."""


def _unnamed() -> Row:
    """An address that has no name in DNS."""
    return {"id": "/subscriptions/0/resourceGroups/rg-shop/providers/x/nat", "name": "nat", "properties": {}}


def _members(rows: dict[str, list[Row]], group: str) -> dict[str, list[Row]]:
    """Those that the estate records; of other groups, the users who have a licence by it."""
    if f"graph/group-members/{group}" in rows:
        return {"user": rows[f"graph/group-members/{group}"], "device": rows[f"graph/group-devices/{group}"]}
    licensed = [
        {name: row[name] for name in ("id", "userPrincipalName", "accountEnabled")}
        for row in rows["graph/users"]
        if any(state["assignedByGroup"] == group for state in row["licenseAssignmentStates"] or ())
    ]
    return {"user": licensed, "device": []}


def _without_order(rows: list[Row]) -> list[Row]:
    """Graph gives no order: neither that of the estate, nor by id. Always the same one, so that pages fit together."""
    return sorted(rows, key=lambda row: zlib.crc32(str(row.get("id")).encode()))


def _sets(estate: Estate, captured: _Captured) -> dict[str, list[Row]]:
    rows, names = captured.rows, estate.names
    return {
        "organization": captured.documents["graph/organization"]["value"],
        "subscribedSkus": rows["graph/subscribed-skus"],
        "users": [_user(row) for row in rows["graph/users"]],
        "devices": [*(row | {"operatingSystem": "Windows"} for row in rows["graph/devices"]), _phone()],
        "groups": [row | {"description": None, "mailEnabled": False} for row in rows["graph/groups"]],
        "roleManagement/directory/roleAssignments": [*rows["graph/global-administrators"], _other_role()],
        "applications": [_with_hints(row) for row in rows["graph/applications"]],
        "servicePrincipals": [row | {"appRoleAssignmentRequired": False} for row in rows["graph/service-principals"]],
        "appRoleAssignedTo": rows["graph/app-role-assignments"],
        "oauth2PermissionGrants": [*rows["graph/oauth2-permission-grants"], _own_consent(estate)],
        "policies/mobileDeviceManagementPolicies": rows["graph/mdm-policies"],
        "policies/mobileAppManagementPolicies": rows["graph/mam-policies"],
        "deviceManagement/deviceEnrollmentConfigurations": rows["graph/enrolment-configurations"],
        "deviceAppManagement/mobileApps": [*rows["graph/mobile-apps"], *cloud_workloads.apps(estate), _store_app()],
        "deviceManagement/managedDevices": [
            row | {"serialNumber": "1234-5678"} for row in rows["graph/managed-devices"]
        ],
        **cloud_workloads.sets(estate),
        "directory/onPremisesSynchronization": [_synchronization(names.tenant_id)],
        "identity/conditionalAccess/policies": rows["graph/conditional-access-policies"],
    }


def _user(row: Row) -> Row:
    row["displayName"] = row["userPrincipalName"].partition("@")[0]
    return row


def _phone() -> Row:
    return entra_devices.device("Adele's phone", 91, "Workplace") | {"operatingSystem": "iOS"}


def _other_role() -> Row:
    return {
        "id": "lAPpYvVpN0KRkAEhdxReEAAAAAAAAAAAAAAAAAAAAAA-99",
        "principalId": people.user_id(3),
        "roleDefinitionId": INTUNE_ADMINISTRATOR,
        "directoryScopeId": "/",
        "principal": people.principal("user", "dave@contoso.com", id=people.user_id(3)),
    }


def _with_hints(application: Row) -> Row:
    """Graph also answers the first characters of each secret, and never the secret itself."""
    more = {"hint": "q8~", "secretText": None, "customKeyIdentifier": None}
    secrets = [secret | more for secret in application["passwordCredentials"]]
    return application | {"passwordCredentials": secrets, "isFallbackPublicClient": None}


def _own_consent(estate: Estate) -> Row:
    """What a user consented to for himself alone."""
    return {
        "id": "b1f2c3d4-own",
        "clientId": estate.names.client_principal_id,
        "consentType": "Principal",
        "principalId": people.user_id(0),
        "resourceId": estate.names.graph_principal_id,
        "scope": " User.Read",
    }


def _store_app() -> Row:
    return {
        "@odata.type": "#microsoft.graph.iosStoreApp",
        "id": "ffffffff-0000-4000-8000-000000000009",
        "displayName": "Company Portal",
        "publishingState": "published",
        "bundleId": "com.microsoft.CompanyPortal",
        "assignments": [],
    }


def _synchronization(tenant_id: str) -> Row:
    prevention = {"synchronizationPreventionType": "enabledForCount", "alertThreshold": 500}
    return {
        "id": tenant_id,
        "configuration": {"accidentalDeletionPrevention": prevention},
        "features": {"passwordSyncEnabled": True, "deviceWritebackEnabled": False},
    }
