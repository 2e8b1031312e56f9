"""Listings of ``certutil -store My``, in English and in other languages."""

from __future__ import annotations

HEAD = 'My "Personal"\n'
END = "CertUtil: -store command completed successfully.\n"
HASH = "1128c3d4 e5f60718 293a4b5c 6d7e8f90 a1b2c3d4"


def block(*lines: str, number: int = 0) -> str:
    head = [
        f"================ Certificate {number} ================",
        "Serial Number: 440000000a0d2ff137199552aa00000000000a",
        "Issuer: CN=Contoso Issuing CA 1, DC=corp, DC=contoso, DC=com",
        " NotBefore: 21/09/2026 08:52",
        " NotAfter: 12/12/2027 00:00",
        "Subject: CN=cmg.contoso.com, O=Contoso Ltd",
        "Non-root Certificate",
        "Template: ConfigMgrCloudWebServer, ConfigMgr Cloud",
        f"Cert Hash(sha1): {HASH}",
    ]
    return "\n".join([*head, *lines]) + "\n"


# The German and the French form are those of public listings; the Japanese and the Spanish one are made like them: that
# their labels differ is all that is known of them.
FOREIGN = {
    "German": (
        'My "Eigene Zertifikate"',
        "Zertifikat",
        ("Seriennummer:", "Aussteller:", " Nicht vor:", " Nicht nach:", "Antragsteller:", "Vorlage:"),
        "Zertifikathash(sha1):",
        ("Schlüsselcontainer =", "Eindeutiger Containername:", "Anbieter ="),
        ("Der private Schlüssel ist NICHT exportierbar", "Verschlüsselungstest wurde durchgeführt"),
        "CertUtil: -store-Befehl wurde erfolgreich ausgeführt.",
    ),
    "French": (
        'My "Personnel"',
        "Certificat",
        ("Numéro de série\u00a0:", "Émetteur:", " NotBefore\u00a0:", " NotAfter\u00a0:", "Objet:", "Modèle\u00a0:"),
        "Hach. cert. (sha1)\u00a0:",
        ("Conteneur de clé\u00a0=", "Nom de conteneur unique\u00a0:", "Fournisseur ="),
        ("Test de chiffrement réussi",),
        "CertUtil: -store La commande s’est terminée correctement.",
    ),
    "Japanese": (
        'My "個人"',
        "証明書",
        ("シリアル番号:", "発行者:", " この日以降:", " この日以前:", "サブジェクト:", "テンプレート:"),
        "証明書ハッシュ(sha1):",
        ("キー コンテナー =", "一意のコンテナー名:", "プロバイダー ="),
        ("暗号化テストに合格しました",),
        "CertUtil: -store コマンドは正常に完了しました。",
    ),
    "Spanish": (
        'My "Personal"',
        "Certificado",
        ("Número de serie:", "Emisor:", " NotBefore:", " NotAfter:", "Sujeto:", "Plantilla:"),
        "Hash de cert.(sha1):",
        ("Contenedor de claves =", "Nombre de contenedor único:", "Proveedor ="),
        ("Prueba de cifrado superada",),
        "CertUtil: -store comando completado correctamente.",
    ),
}


def foreign(language: str, subject: str = "CN=cmg.contoso.com, O=Contoso Ltd") -> str:
    store, word, labels, hash_label, key_labels, remarks, end = FOREIGN[language]
    values = (
        "44",
        "CN=Contoso Issuing CA 1, DC=com",
        "21.09.2026 08:52",
        "12.12.2027 00:00",
        subject,
        "WebServer, Web",
    )
    lines = [
        store,
        f"================ {word} 0 ================",
        *(f"{label} {value}" for label, value in zip(labels, values, strict=True)),
        f"{hash_label} {HASH}",
        f"  {key_labels[0]} le-WebServer-1",
        f"  {key_labels[1]} a11a_e640",
        f"  {key_labels[2]} Microsoft Software Key Storage Provider",
        *remarks,
        end,
    ]
    return "\r\n".join(lines)
