"""The resources of the CMG in Azure. Protects it from being built in vain, and from changes behind the site's back."""

from __future__ import annotations

from collections.abc import Iterator

from comgmt_audit import (
    Design,
    Evidence,
    Family,
    Finding,
    Findings,
    NotApplicable,
    Severity,
    Stage,
    cannot_tell,
    check,
    require,
)
from comgmt_audit.facts.azure_resources import (
    ADDRESS,
    CLASSIC,
    KEY_VAULT,
    SCALE_SET,
    STORAGE,
    AzureName,
    AzureNames,
    AzureResources,
    PublicAddresses,
    Resource,
)

from ._scope import scale_set, scale_set_deployed, scale_set_to_come
from ._shared import learn

family = Family(code="AZR", title="Resources in Azure", stage=Stage.AZURE_SERVICES)

STEP = "Create the CMG"
UNIQUE = "Verify a unique FQDN for the CMG cloudapp.net"
CMG = "intune/configmgr/core/clients/manage/cmg/"
SETUP = learn("Set up a CMG", CMG + "setup-cloud-management-gateway")
MODIFY = learn("Modify a CMG", CMG + "modify-cloud-management-gateway")
NAME = learn("CMG server authentication certificate: globally unique name", CMG + "server-auth-cert")
GRANT = "Give the scanner the role Reader on the whole subscription, and record again."
DECLARE = "Declare gateway.deployment_name in comgmt.toml, as the console shows it in Administration > Cloud Services."

FINISHED = ("Succeeded", "Failed", "Canceled")
"""The states in which an operation has ended (Azure Resource Manager: asynchronous operations)."""


@check("AZR010", severity=Severity.CRITICAL, covers=["S46"], step=UNIQUE, applies=scale_set_to_come, refs=[NAME])
def names_in_azure_can_be_had(
    names: AzureNames, resources: AzureResources, addresses: PublicAddresses, design: Design
) -> Findings:
    """Before the roll-out, Azure would give the CMG's name to it, or has given it already.

    Why: The scale set, its key vault and, for content, its storage account take the same name. Where one of them is
    taken by somebody else, provisioning fails, after the certificate with that name was bought.
    Remedy: Choose another name for `gateway.deployment_name`, and use it in the certificate request and the wizard. A
    key vault of your own that was deleted keeps its name until it is purged (portal: Key vaults > Manage deleted
    vaults).
    """
    for name in names.names:
        mine = addresses.of(design.gateway.deployment_name) if name.type == ADDRESS.lower() else None
        mine = mine or resources.named(name.type, name.name)
        listed = addresses.complete if name.type == ADDRESS.lower() else resources.complete
        if name.available is None:
            yield cannot_tell(name, "Azure did not say whether the name is free", cure=GRANT)
        elif name.available or mine:
            yield require(name, True)
        elif not listed:
            yield cannot_tell(name, "the name is taken; whether by yourselves is not shown to the scanner", cure=GRANT)
        else:
            yield _taken(name, design)


def _taken(name: AzureName, design: Design) -> Finding:
    """A name that is somebody else's; a storage account is made for content only."""
    if name.type == STORAGE.lower() and design.gateway.serves_content == "unknown":
        cure = "Declare gateway.serves_content in comgmt.toml: on fails, off needs no storage account."
        return cannot_tell(name, "the name is taken, and whether the CMG will serve content is not declared", cure=cure)
    return require(name, False, expected="free, or yours", actual=f"taken ({name.reason})" if name.reason else "taken")


@check(
    "AZR020",
    severity=Severity.CRITICAL,
    covers=["S46", "S91"],
    step=STEP,
    applies=scale_set_deployed,
    refs=[NAME],
    after=["SUB020"],
)
def gateway_name_belongs_to_the_subscription(addresses: PublicAddresses, design: Design) -> Findings:
    """The CMG's name in Azure is that of a public address in the declared subscription.

    Why: If the name is not yours any more, whoever has it answers your clients; DNS does not say whose it is.
    Remedy: See in the console (Administration > Cloud Services > Cloud Management Gateway) which subscription the CMG
    is in, and correct `rollout.subscription_id` or `gateway.deployment_name` in comgmt.toml; where the CMG is gone from
    Azure, delete it in the console and create it again.
    """
    name = design.gateway.deployment_name
    found = addresses.of(name)
    if not name:
        yield cannot_tell("CMG", "no deployment name is declared", cure=DECLARE)
    elif found or addresses.complete:
        place = found.evidence if found else Evidence(PublicAddresses.needs[0])
        expected = "a public address of that name"
        yield require(f"name {name}", found is not None, expected=expected, actual="none", evidence=place)
    else:
        yield cannot_tell(f"name {name}", "it is not among the addresses that the scanner is shown", cure=GRANT)


@check("AZR030", severity=Severity.HIGH, step=STEP, applies=scale_set_deployed, after=["AZR020"], refs=[NAME, MODIFY])
def gateway_is_whole_in_azure(resources: AzureResources, design: Design) -> Findings:
    """The scale set, the key vault and, for content, the storage account of the CMG exist.

    Why: The site made them under the CMG's name and needs all of them; removing one by hand leaves the CMG in a state
    that the site cannot mend.
    Remedy: Never delete a part of the CMG in the Azure portal. Delete the CMG in the console (Administration > Cloud
    Services > Cloud Management Gateway), and create it again there with the same certificate.
    """
    label, _ = design.gateway.scale_set_name
    if not label:
        yield cannot_tell("CMG", "no deployment name of a scale set is declared", cure=DECLARE)
        return
    wanted = {SCALE_SET: "scale set", KEY_VAULT: "key vault"}
    if design.gateway.serves_content == "on":
        wanted[STORAGE] = "storage account"
    for type, kind in wanted.items():
        if resources.named(type, label) or resources.complete:
            yield require(f"{kind} {label}", resources.named(type, label) is not None, expected=kind, actual="none")
        else:
            yield cannot_tell(f"{kind} {label}", "it is not among what the scanner is shown", cure=GRANT)


@check("AZR040", severity=Severity.HIGH, covers=["S100"], step=STEP, applies=scale_set, after=["AZR020"], refs=[SETUP])
def resources_are_provisioned(resources: AzureResources, addresses: PublicAddresses, design: Design) -> Findings:
    """Azure has finished every resource of the CMG without an error.

    Why: A resource that failed answers nobody, or cannot be changed any more, although the console may still say Ready.
    Remedy: In the Azure portal, open the resource group > Deployments and read the error; then delete the CMG in the
    console and create it again. Causes are quota, policy and regions that have no such size left.
    """
    for one in _of_gateway(resources, addresses, design):
        if one.state.casefold() not in {state.casefold() for state in FINISHED}:
            why = f"its state is {one.state or 'not told'}: the operation has not ended"
            yield cannot_tell(one, why, cure="Record again when the console shows the CMG as Ready.")
        else:
            yield require(one, one.state.casefold() == "succeeded", expected="Succeeded", actual=one.state)


@check("AZR050", severity=Severity.LOW, covers=["S92"], step=STEP, applies=scale_set, after=["AZR020"], refs=[SETUP])
def resources_are_in_the_declared_region(
    resources: AzureResources, addresses: PublicAddresses, design: Design
) -> Findings:
    """Every resource of the CMG is in the declared region.

    Why: The region decides where data flows and what it costs; a resource elsewhere was not made by the wizard.
    Remedy: Correct `gateway.region` in comgmt.toml, or delete the CMG in the console and create it in the right region.
    """
    wanted = design.gateway.region
    if not wanted:
        raise NotApplicable("the design does not say gateway.region")
    for one in _of_gateway(resources, addresses, design):
        if one.location:
            yield require(one, _region(one.location) == _region(wanted), expected=wanted, actual=one.location)
        else:
            yield cannot_tell(one, "Azure did not say its region", cure=GRANT)


@check("AZR060", severity=Severity.LOW, tags=["beyond"], applies=scale_set, after=["AZR020"], refs=[SETUP, MODIFY])
def resources_are_in_one_group(resources: AzureResources, addresses: PublicAddresses, design: Design) -> Findings:
    """Every resource of the CMG is in one resource group.

    Why: The wizard makes them in one group, and that of a CMG cannot be changed: the site looks for them where it made
    them. A resource elsewhere was moved, or made by somebody else.
    Remedy: Move the resource back (Azure portal: resource > Move), or create the CMG again in the wanted group.
    """
    address = addresses.of(design.gateway.deployment_name)
    for one in _of_gateway(resources, addresses, design):
        if address is None:
            yield cannot_tell(one, "the public address of the CMG is not shown, and its group is not known", cure=GRANT)
        elif one is not address:
            holds = one.group.casefold() == address.group.casefold()
            yield require(one, holds, expected=address.group, actual=one.group)


@check("AZR070", severity=Severity.MEDIUM, tags=["beyond"], applies=scale_set_deployed, after=["AZR030"], refs=[SETUP])
def machines_are_meant_for_production(resources: AzureResources, design: Design) -> Findings:
    """The virtual machines of the CMG are not of the size for laboratories.

    Why: The size Lab (B2s) is slow, and meant for tests and small proofs of concept only.
    Remedy: In the console (Administration > Cloud Services > Cloud Management Gateway) create a second CMG with the
    size Standard or Large, wait a day until clients know it, then delete the first one.
    """
    found = resources.named(SCALE_SET, design.gateway.scale_set_name[0])
    if found is None or not found.size:
        yield cannot_tell("scale set", "Azure did not show the size of its machines", cure=GRANT)
        return
    yield require(
        found, found.size.casefold() != "standard_b2s", expected="Standard_A2_v2 or larger", actual=found.size
    )


@check(
    "AZR080",
    severity=Severity.ADVICE,
    tags=["beyond"],
    applies=scale_set,
    refs=[learn("Cloud Services (classic) retirement", "azure/cloud-services/cloud-services-choose-me")],
    after=["SUB020"],
)
def no_classic_service_is_left(resources: AzureResources) -> Findings:
    """No cloud service (classic) is left in the subscription.

    Why: Microsoft retired them; a CMG or CDP of that kind is lost, and clients that still know it go nowhere.
    Remedy: In the console, delete the classic CMG or CDP under Administration > Cloud Services; what belongs to nobody
    is deleted in the Azure portal.
    """
    left = [one for one in resources.found if one.type == CLASSIC.lower()]
    for one in left:
        yield require(one, False, expected="none", actual=f"in resource group {one.group}")
    if not left and resources.complete:
        yield require("subscription", True)
    elif not left:
        yield cannot_tell("subscription", "the scanner is not shown all of it", cure=GRANT)


def _of_gateway(resources: AzureResources, addresses: PublicAddresses, design: Design) -> Iterator[Resource]:
    """What of the CMG was found, by its name. Raises NotApplicable where it is known that nothing is there yet."""
    label, _ = design.gateway.scale_set_name
    named = [resources.named(type, label) for type in (SCALE_SET, KEY_VAULT, STORAGE)]
    found = [one for one in (*named, addresses.of(design.gateway.deployment_name)) if one]
    if label and not found and resources.complete and addresses.complete:
        raise NotApplicable("nothing of the CMG is in the subscription yet")
    yield from found


def _region(name: str) -> str:
    """West Europe and westeurope are the same."""
    return name.replace(" ", "").casefold()
