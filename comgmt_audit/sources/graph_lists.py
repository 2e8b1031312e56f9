"""What is asked of Microsoft Graph, as data: each list's address, the properties that are kept, and the right it needs.

``docs/recording/graph.md`` describes each observation.
"""

from __future__ import annotations

from msgspec import Struct

from comgmt_audit.sources.graph_pages import Row, objects
from comgmt_audit.sources.session import Permission
from comgmt_audit.sources.shape import Shape, shape

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Role template id (Microsoft Entra: built-in roles)."""

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
"""The application of which everybody's permissions in Graph are."""

_IDS = {
    "Application.Read.All": ("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "c79f8feb-a9db-4090-85f9-90d820caa0eb"),
    "Device.Read.All": ("7438b122-aefc-4978-80ed-43db9fcc7715", "951183d1-1a61-466f-a6d1-1fde911bfd95"),
    "DeviceManagementApps.Read.All": (
        "7a6ee1e7-141e-4cec-ae74-d9db155731ff",
        "4edf5f54-4666-44af-9de9-0144fb4b6e8c",
    ),
    "DeviceManagementConfiguration.Read.All": (
        "dc377aa6-52d8-4e23-b271-2a7ae04cedf3",
        "f1493658-876a-4c87-8fa7-edb559b3476a",
    ),
    "DeviceManagementManagedDevices.Read.All": (
        "2f51be20-0bb4-4fed-bf7b-db946066c75e",
        "314874da-47d6-4978-88dc-cf0d37f0bb82",
    ),
    "DeviceManagementServiceConfig.Read.All": (
        "06a5fe6d-c49d-46a7-b082-56b1b14103c7",
        "8696daa5-bce5-4b2e-83f9-51b6defc4e1e",
    ),
    "Directory.Read.All": ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "06da0dbc-49e2-44d2-8312-53f166ab848a"),
    "GroupMember.Read.All": ("98830695-27a2-44f7-8c18-0c3ebc9698f6", "bc024368-1153-4739-b217-4326f2e966d0"),
    "Organization.Read.All": ("498476ce-e0fe-48b0-b801-37ba7e2685c6", "4908d5b9-3fb2-4b1e-9336-1888b7937185"),
    "Policy.Read.All": ("246dd0d5-5bd0-4def-940b-0421030a5b68", "572fea84-0151-49b2-9301-11cb16974376"),
    "RoleManagement.Read.Directory": (
        "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
        "741c54c3-0c1e-44a1-818b-3f97ab4e8c83",
    ),
    "User.Read.All": ("df021288-bdef-4463-88db-98f22de89214", "a154be20-db9c-4678-8ab7-66f6cc099a59"),
}
"""App role and scope of each permission (microsoft-graph-devx-content: permissions-descriptions.json)."""


def _permission(name: str, why: str, *alternatives: str, kind: str = "application") -> Permission:
    role, scope = _IDS[name]
    ids = {"application": role, "delegated": scope}
    return Permission(name=name, kind=kind, why=why, alternatives=alternatives, ids=ids)


_INTUNE_CONFIGURATION = ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")

ORGANIZATION = _permission(
    "Organization.Read.All",
    "the tenant and its synchronisation",
    *("Organization.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
)
AUTHORITY = _permission(
    "DeviceManagementServiceConfig.Read.All",
    "the MDM authority",
    *("DeviceManagementServiceConfig.ReadWrite.All", *_INTUNE_CONFIGURATION),
)
MEMBERS = _permission(
    "GroupMember.Read.All",
    "who is in a group",
    *("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All"),
    *("Directory.Read.All", "Directory.ReadWrite.All"),
)
USERS = _permission(
    "User.Read.All",
    "users and their licences",
    *("User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
)
DEVICES = _permission(
    "Device.Read.All",
    "which devices there are, and which are in a group",
    "Directory.Read.All",
    "Directory.ReadWrite.All",
)
APPLICATIONS = _permission(
    "DeviceManagementApps.Read.All", "the app that installs the client", "DeviceManagementApps.ReadWrite.All"
)
CONFIGURATION = _permission(
    "DeviceManagementConfiguration.Read.All",
    "which policies are assigned in Intune",
    "DeviceManagementConfiguration.ReadWrite.All",
)


class Listing(Struct, frozen=True, kw_only=True):
    """A list of Graph that becomes one observation. ``path`` begins with the version."""

    id: str
    path: str
    kept: Shape
    permissions: tuple[Permission, ...]
    """All of them are needed: with one that is missing, Graph may leave out properties and not say so."""
    delegated_only: bool = False
    """The interface knows no application permission."""

    @property
    def request(self) -> str:
        """As the recording shows it."""
        return f"GET {self.path}"


def _selected(id: str, path: str, properties: str, *permissions: Permission, query: str = "") -> Listing:
    """A list whose properties the service is asked to select."""
    names = ",".join(shape(properties))
    return Listing(id=id, path=f"{path}?$select={names}{query}", kept=shape(properties), permissions=permissions)


def _scope(kind: str, name: str) -> Listing:
    return Listing(
        id=f"graph/{kind}-policies",
        path=f"/beta/policies/{name}?$expand=includedGroups($select=id,displayName)",
        kept=shape(
            "id,displayName,description,appliesTo,isValid,discoveryUrl,termsOfUseUrl,complianceUrl,"
            "includedGroups(id,displayName)"
        ),
        permissions=(_permission("Policy.Read.All", f"the {kind.upper()} user scope", kind="delegated"),),
        delegated_only=True,
    )


_TARGET = (
    "target(@odata.type,groupId,collectionId,deviceAndAppManagementAssignmentFilterId,"
    "deviceAndAppManagementAssignmentFilterType)"
)
_RESTRICTION = "(platformBlocked,personalDeviceEnrollmentBlocked,osMinimumVersion,osMaximumVersion)"

APPS = Listing(
    id="graph/mobile-apps",
    path="/v1.0/deviceAppManagement/mobileApps?$filter=isof('microsoft.graph.windowsMobileMSI')"
    " or isof('microsoft.graph.win32LobApp')&$expand=assignments",
    kept=shape(
        "@odata.type,id,displayName,description,publisher,publishingState,committedContentVersion,fileName,size,"
        "setupFilePath,commandLine,installCommandLine,productCode,productVersion,ignoreVersionDetection,"
        f"assignments(id,intent,{_TARGET})"
    ),
    permissions=(APPLICATIONS,),
)

LISTINGS = (
    _selected(
        "graph/subscribed-skus",
        "/v1.0/subscribedSkus",
        "id,skuId,skuPartNumber,appliesTo,capabilityStatus,consumedUnits,"
        "prepaidUnits(enabled,suspended,warning,lockedOut),"
        "servicePlans(servicePlanId,servicePlanName,provisioningStatus,appliesTo)",
        _permission(
            "Organization.Read.All",
            "the tenant's licences",
            *(
                "LicenseAssignment.Read.All",
                "Organization.ReadWrite.All",
                "Directory.Read.All",
                "Directory.ReadWrite.All",
            ),
        ),
    ),
    _selected(
        "graph/users",
        "/v1.0/users",
        "id,userPrincipalName,accountEnabled,userType,usageLocation,onPremisesSyncEnabled,onPremisesSecurityIdentifier,"
        "assignedLicenses,licenseAssignmentStates",
        USERS,
        query="&$top=999",
    ),
    _selected("graph/groups", "/v1.0/groups", "id,displayName,securityEnabled,groupTypes", MEMBERS, query="&$top=999"),
    Listing(
        id="graph/global-administrators",
        path="/v1.0/roleManagement/directory/roleAssignments"
        f"?$filter=roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'&$expand=principal",
        kept=shape(
            "id,principalId,roleDefinitionId,directoryScopeId,"
            "principal(@odata.type,id,displayName,userPrincipalName,accountEnabled)"
        ),
        permissions=(
            _permission(
                "RoleManagement.Read.Directory",
                "who is Global Administrator",
                *("RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory"),
                *("Directory.Read.All", "Directory.ReadWrite.All"),
            ),
        ),
    ),
    _selected(
        "graph/applications",
        "/v1.0/applications",
        "id,appId,displayName,identifierUris,passwordCredentials(keyId,displayName,startDateTime,endDateTime),"
        "web(redirectUris),publicClient(redirectUris),"
        "api(oauth2PermissionScopes(id,value,type,isEnabled),preAuthorizedApplications(appId,delegatedPermissionIds)),"
        "requiredResourceAccess(resourceAppId,resourceAccess(id,type)),signInAudience",
        _permission(
            "Application.Read.All",
            "the applications of Configuration Manager",
            *("Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
        ),
        query="&$top=999",
    ),
    _selected(
        "graph/service-principals",
        "/v1.0/servicePrincipals",
        "id,appId,displayName,accountEnabled,servicePrincipalType",
        _permission(
            "Application.Read.All",
            "the enterprise applications",
            *("Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
        ),
        query="&$top=999",
    ),
    Listing(
        id="graph/oauth2-permission-grants",
        path="/v1.0/oauth2PermissionGrants?$filter=consentType eq 'AllPrincipals'",
        kept=shape("id,clientId,consentType,principalId,resourceId,scope"),
        permissions=(
            _permission("Directory.Read.All", "admin consent to delegated permissions", "Directory.ReadWrite.All"),
        ),
    ),
    Listing(
        id="graph/app-role-assignments",
        path=f"/v1.0/servicePrincipals(appId='{MICROSOFT_GRAPH}')/appRoleAssignedTo",
        kept=shape(
            "id,appRoleId,createdDateTime,principalId,principalType,principalDisplayName,resourceId,resourceDisplayName"
        ),
        permissions=(
            _permission(
                "Application.Read.All",
                "admin consent to application permissions",
                *("Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"),
            ),
        ),
    ),
    _scope("mdm", "mobileDeviceManagementPolicies"),
    _scope("mam", "mobileAppManagementPolicies"),
    Listing(
        id="graph/enrolment-configurations",
        path="/beta/deviceManagement/deviceEnrollmentConfigurations?$expand=assignments",
        kept=shape(
            "@odata.type,id,displayName,priority,limit,platformType,"
            f"windowsRestriction{_RESTRICTION},platformRestriction{_RESTRICTION},"
            "managedDeviceAuthority,installConfigurationManagerAgent,configurationManagerAgentCommandLineArgument,"
            f"assignments(id,{_TARGET})"
        ),
        permissions=(
            _permission(
                "DeviceManagementServiceConfig.Read.All",
                "enrolment restrictions and co-management settings",
                *("DeviceManagementServiceConfig.ReadWrite.All", *_INTUNE_CONFIGURATION),
            ),
        ),
    ),
    _selected(
        "graph/devices",
        "/v1.0/devices",
        "id,deviceId,displayName,trustType,accountEnabled,isManaged",
        DEVICES,
        query="&$filter=operatingSystem eq 'Windows'&$top=999&$count=true",
    ),
    _selected(
        "graph/conditional-access-policies",
        "/v1.0/identity/conditionalAccess/policies",
        "id,displayName,state,conditions,grantControls(operator,builtInControls)",
        _permission("Policy.Read.All", "whether Conditional Access blocks enrolment"),
    ),
    APPS,
    _selected(
        "graph/managed-devices",
        "/v1.0/deviceManagement/managedDevices",
        "id,deviceName,azureADDeviceId,managementAgent,deviceEnrollmentType,complianceState,managementState,"
        "operatingSystem,osVersion,userPrincipalName",
        _permission(
            "DeviceManagementManagedDevices.Read.All",
            "the devices in Intune",
            *("DeviceManagementManagedDevices.ReadWrite.All", *_INTUNE_CONFIGURATION),
        ),
    ),
)

ORGANIZATION_KEPT = shape(
    "id,displayName,tenantType,countryLetterCode,createdDateTime,onPremisesSyncEnabled,onPremisesLastSyncDateTime,"
    "verifiedDomains(name,type,isDefault,isInitial,capabilities)"
)
ORGANIZATION_PATH = f"/v1.0/organization?$select={','.join(ORGANIZATION_KEPT)}"
AUTHORITY_KEPT = shape("id,mobileDeviceManagementAuthority")


def authority_path(tenant: str) -> str:
    """Where Intune's view of the tenant is: a request of its own, for only that view has the MDM authority."""
    return f"/v1.0/organization/{tenant}?$select=mobileDeviceManagementAuthority"


def targets(row: Row) -> list[Row]:
    """Whom the assignments of a policy or app mean, those included that it excludes."""
    return objects([assignment.get("target") for assignment in objects(row.get("assignments"))])


def installs_client(app: Row) -> bool:
    """Is it the app that installs the ConfigMgr client? By its file, or by what only ccmsetup takes."""
    texts = [str(app.get(name) or "") for name in ("fileName", "setupFilePath", "commandLine", "installCommandLine")]
    return any(word in text.upper() for text in texts for word in ("CCMSETUP", "CCMHOSTNAME"))


def members(group: str) -> tuple[Listing, Listing]:
    """The two lists of who is in a group, nested groups included: users, and devices.

    Who may read the group's members only gets them with nothing but their ids (Microsoft Graph: list group transitive
    members): the right to read users, and devices, is needed as well.
    """
    return (
        _members(f"graph/group-members/{group}", group, "user", "id,userPrincipalName,accountEnabled", USERS),
        _members(f"graph/group-devices/{group}", group, "device", "id,displayName,accountEnabled", DEVICES),
    )


def _members(id: str, group: str, kind: str, properties: str, permission: Permission) -> Listing:
    path = f"/v1.0/groups/{group}/transitiveMembers/microsoft.graph.{kind}"
    return _selected(id, path, properties, MEMBERS, permission, query="&$top=999&$count=true")


CLOCK = "graph/clock"

PERMISSIONS: dict[str, tuple[Permission, ...]] = {
    "graph/organization": (ORGANIZATION,),
    "graph/mdm-authority": (AUTHORITY,),
    **{listing.id: listing.permissions for listing in LISTINGS},
    **{listing.id: listing.permissions for listing in members("")},
    "graph/workload-policies": (CONFIGURATION, APPLICATIONS),
    CLOCK: (),
}
"""The rights that each observation needs, all of them; ids that end in ``/`` are prefixes."""
