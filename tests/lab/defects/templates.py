"""Templates: defects of Contoso and what they change."""

from __future__ import annotations

from tests.lab import directory
from tests.lab.defects.defect import Defect
from tests.lab.directory import Entry
from tests.lab.estate import contoso, contoso_2018
from tests.lab.security_descriptor import descriptor

DEFECTS: tuple[Defect, ...] = (
    Defect(
        name="templates-a-missing-web-template-blocks-what-is-asked-of-it",
        story="A missing web template blocks what is asked of it.",
        estate=lambda: contoso_2018(directory__web__exists=False),
        outcomes={
            "TPL010": "fail",
            "TPL020": "blocked",
            "TPL030": "blocked",
            "TPL040": "blocked",
            "TPL050": "blocked",
            "TPL060": "blocked",
            "TPL070": "blocked",
            "TPL080": "blocked",
            "TPL090": "blocked",
            "TPL100": "blocked",
            "TPL110": "blocked",
            "TPL120": "blocked",
        },
        subjects={"TPL010": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-a-missing-client-template-blocks-what-is-asked-of-it",
        story="A missing client template blocks what is asked of it.",
        estate=lambda: contoso_2018(directory__client__exists=False),
        outcomes={
            "TPL110": "blocked",
            "TPL210": "fail",
            "TPL220": "blocked",
            "TPL230": "blocked",
            "TPL240": "blocked",
            "TPL250": "blocked",
            "TPL260": "blocked",
            "TPL270": "blocked",
        },
        subjects={"TPL210": frozenset(["template ConfigMgrWorkstationAuth"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__usages=(directory.CLIENT_AUTHENTICATION,)),
        outcomes={"TPL020": "fail"},
        subjects={"TPL020": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-2",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__name_flag=134217728),
        outcomes={"TPL030": "fail"},
        subjects={"TPL030": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-3",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__name_flag=None),
        outcomes={"TPL030": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-4",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=16842752),
        outcomes={"TPL060": "fail"},
        subjects={"TPL060": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-5",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__published=False),
        outcomes={"TPL090": "fail"},
        subjects={"TPL090": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-6",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__enrolment_flag=2),
        outcomes={"TPL110": "fail"},
        subjects={"TPL110": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-7",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__enrolment_flag=None),
        outcomes={"TPL110": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-8",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__providers=("1,Microsoft Software Key Storage Provider",)),
        outcomes={"TPL120": "fail"},
        subjects={"TPL120": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-9",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__web__providers=()),
        outcomes={"TPL120": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-10",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__client__usages=(directory.SERVER_AUTHENTICATION,)),
        outcomes={"TPL220": "fail"},
        subjects={"TPL220": frozenset(["template ConfigMgrWorkstationAuth"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-11",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__client__private_key_flag=16842768),
        outcomes={"TPL250": "fail"},
        subjects={"TPL250": frozenset(["template ConfigMgrWorkstationAuth"])},
    ),
    Defect(
        name="templates-one-property-breaks-one-check-12",
        story="One property breaks one check.",
        estate=lambda: contoso_2018(directory__client__published=False),
        outcomes={"TPL270": "fail"},
        subjects={"TPL270": frozenset(["template ConfigMgrWorkstationAuth"])},
    ),
    Defect(
        name="templates-an-exportable-web-template-fails-where-no-cloud-service-needs-it",
        story="An exportable web template fails where no cloud service needs it.",
        estate=lambda: contoso(directory__web__private_key_flag=16842768),
        outcomes={"TPL130": "fail"},
        subjects={"TPL130": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-a-hidden-flag-of-a-template-for-site-systems-is-not-assessed",
        story="A hidden flag of a template for site systems is not assessed.",
        estate=lambda: contoso(directory__web__private_key_flag=None),
        outcomes={"TPL130": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-a-hidden-private-key-flag-is-not-assessed",
        story="A hidden private key flag is not assessed.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=None),
        outcomes={"TPL040": "not assessed", "TPL060": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-a-template-of-2008-fails-the-tutorial",
        story="A template of 2008 fails the tutorial.",
        estate=lambda: contoso_2018(
            directory__web__schema_version=3, directory__web__providers=("1,Microsoft Software Key Storage Provider",)
        ),
        outcomes={"TPL040": "fail", "TPL050": "blocked", "TPL120": "blocked"},
        subjects={"TPL040": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-schema-version-2-does-not-prove-compatibility-with-2003",
        story="Schema version 2 does not prove compatibility with 2003.",
        estate=lambda: contoso_2018(directory__web__private_key_flag=67502096),
        outcomes={"TPL040": "fail", "TPL050": "blocked", "TPL120": "blocked"},
        subjects={"TPL040": frozenset(["template ConfigMgrCloudWebServer"])},
    ),
    Defect(
        name="templates-the-client-template-is-judged-alike",
        story="The client template is judged alike.",
        estate=lambda: contoso_2018(directory__client__private_key_flag=33685504),
        outcomes={"TPL230": "fail", "TPL240": "blocked"},
        subjects={"TPL230": frozenset(["template ConfigMgrWorkstationAuth"])},
    ),
    Defect(
        name="templates-an-unknown-forest-root-leaves-enterprise-admins-open",
        story="An unknown forest root leaves enterprise admins open.",
        estate=lambda: contoso(directory__forest_root=False),
        outcomes={"TPL070": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-a-group-that-was-not-given-enroll-fails",
        story="A group that was not given enroll fails.",
        estate=lambda: contoso(directory__web__entries=(Entry("iis-group", (131220, None)),)),
        outcomes={"TPL080": "fail"},
        subjects={"TPL080": frozenset(["template ConfigMgrCloudWebServer: Enroll for ConfigMgr IIS Servers"])},
    ),
    Defect(
        name="templates-read-and-write-without-extended-rights-is-not-enroll",
        story="Read and write without extended rights is not enroll.",
        estate=lambda: contoso(directory__client__entries=(Entry("domain-computers", (983295, None)),)),
        outcomes={"TPL260": "fail"},
        subjects={
            "TPL260": frozenset(
                [
                    "template ConfigMgrWorkstationAuth: Autoenroll for Domain Computers of corp.contoso.com",
                    "template ConfigMgrWorkstationAuth: Enroll for Domain Computers of corp.contoso.com",
                ]
            )
        },
    ),
    Defect(
        name="templates-a-descriptor-that-was-not-shown-is-never-taken-for-nobody",
        story="A descriptor that was not shown is never taken for nobody.",
        estate=lambda: contoso(directory__web__entries=None),
        outcomes={"TPL070": "not assessed", "TPL080": "not assessed", "TPL100": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-a-descriptor-that-was-not-shown-is-never-taken-for-nobody-2",
        story="A descriptor that was not shown is never taken for nobody.",
        estate=lambda: contoso(directory__client__entries=None),
        outcomes={"TPL260": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-a-damaged-descriptor-is-not-assessed",
        story="A damaged descriptor is not assessed.",
        estate=lambda: contoso(directory__web__descriptor=b"\x01\x00\x04\x80"),
        outcomes={"TPL070": "not assessed", "TPL080": "not assessed", "TPL100": "not assessed"},
        subjects={},
    ),
    Defect(
        name="templates-web-hidden-from-the-scanner",
        story="The scanner's account may not read the web template, so that it looks as if there were none.",
        estate=lambda: contoso(directory__web__hidden=True),
        unassessed=dict.fromkeys(
            ("TPL010", "TPL020", "TPL030", "TPL050", "TPL070", "TPL080", "TPL090", "TPL100", "TPL110", "TPL130"),
            "directory/certificate-templates",
        ),
    ),
    Defect(
        name="templates-client-hidden-from-the-scanner",
        story="The scanner's account may not read the client template, so that it looks as if there were none.",
        estate=lambda: contoso(directory__client__hidden=True),
        unassessed=dict.fromkeys(
            ("TPL110", "TPL210", "TPL220", "TPL240", "TPL250", "TPL260", "TPL270"), "directory/certificate-templates"
        ),
    ),
    Defect(
        name="templates-no-access-list-lets-everybody-enrol",
        story="No access list lets everybody enrol.",
        estate=lambda: contoso(directory__web__descriptor=descriptor(None)),
        outcomes={"TPL070": "fail", "TPL100": "fail"},
        subjects={
            "TPL070": frozenset(
                [
                    "template ConfigMgrCloudWebServer: Enroll for Domain Admins of corp.contoso.com",
                    "template ConfigMgrCloudWebServer: Enroll for Enterprise Admins of corp.contoso.com",
                ]
            )
        },
    ),
)
