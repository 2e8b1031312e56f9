#Requires -Version 5.1
# Collects evidence for comgmt-audit on the computer it runs on. It reads only, and never exports a private key.
# Run it elevated; on clients, as the signed-in user who is an administrator:
#   powershell.exe -NoProfile -ExecutionPolicy Bypass -File .\collect.ps1
# It writes one file, <FQDN>.json, into the current folder; with -Pipeline it writes none and prints the same.
# gpresult leaves its XML in the user's temporary folder.
# Not yet run on Windows by its authors: read it before you run it.
param([switch] $Pipeline)

$ErrorActionPreference = 'Stop'
$mode = "$($ExecutionContext.SessionState.LanguageMode)"
if ($mode -ne 'FullLanguage') { throw "LanguageMode=$mode" }
$errors = @{}
$outputs = @{}

function Get-Part([string] $Name, [scriptblock] $Read) {
    try { & $Read } catch { $errors[$Name] = $_.Exception.Message; $null }
}

function Get-Pem($Certificate) {
    $text = [Convert]::ToBase64String($Certificate.RawData, 'InsertLineBreaks')
    "-----BEGIN CERTIFICATE-----`n$($text -replace "`r", '')`n-----END CERTIFICATE-----`n"
}

function Get-Key($Certificate) {
    # Whose key it is and whether it may be exported: properties of the handle, not the key.
    $found = @{ provider = $null; keySpec = $null; exportable = $null }
    if (-not $Certificate.HasPrivateKey) { return $found }
    try {
        # Asked first: the newer way opens the key of a CSP through a key storage provider, and would name that one.
        $key = $Certificate.PrivateKey
        if ($null -eq $key) {
            $key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
        }
        if ($key -is [System.Security.Cryptography.RSACng]) {
            $found.provider = $key.Key.Provider.Provider
            $found.exportable = [bool]([int]$key.Key.ExportPolicy -band 3)
        } elseif ($key -is [System.Security.Cryptography.RSACryptoServiceProvider]) {
            $found.provider = $key.CspKeyContainerInfo.ProviderName
            $found.keySpec = if ("$($key.CspKeyContainerInfo.KeyNumber)" -eq 'Signature') { 'AT_SIGNATURE' } else { 'AT_KEYEXCHANGE' }
            $found.exportable = $key.CspKeyContainerInfo.Exportable
        }
    } catch {
        $errors["key of $($Certificate.Thumbprint)"] = $_.Exception.Message
    }
    $found
}

function Get-Certificates {
    $stores = foreach ($name in 'My', 'Root', 'CA') {
        $certificates = @(Get-ChildItem -LiteralPath "Cert:\LocalMachine\$name" | ForEach-Object {
            $key = Get-Key $_
            @{
                thumbprint = $_.Thumbprint
                subject = $_.Subject
                issuer = $_.Issuer
                notBefore = $_.NotBefore.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
                notAfter = $_.NotAfter.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [cultureinfo]::InvariantCulture)
                friendlyName = $_.FriendlyName
                hasPrivateKey = if ($elevated) { $_.HasPrivateKey } else { $null }
                exportable = $key.exportable
                provider = $key.provider
                keySpec = $key.keySpec
                pem = Get-Pem $_
            }
        })
        @{ store = $name; certificates = $certificates }
    }
    @{ stores = @($stores) }
}

function Get-Registry {
    # Of the keys of logging, only how much is written and kept.
    $found = @{}
    $logging = 'LogLevel', 'LogMaxSize', 'LogMaxHistory', 'LoggingLevel', 'Logging level', 'MaxFileSize'
    $keys = @(
        'SOFTWARE\Policies\Microsoft\Cryptography\AutoEnrollment'
        'SOFTWARE\Microsoft\Windows\CurrentVersion\CDJ\AAD'
        'SOFTWARE\Microsoft\CCM\Logging\@Global'
        'SOFTWARE\Microsoft\SMS\COMPONENTS\SMS_CLOUD_SERVICES_MANAGER'
        'SOFTWARE\Microsoft\SMS\Tracing\SMS_AZUREAD_DISCOVERY_AGENT'
        'SOFTWARE\Microsoft\SMS\Tracing\SMS_CLOUD_PROXYCONNECTOR'
        'SOFTWARE\Microsoft\SMS\Tracing\SMS_CLOUD_SERVICES_MANAGER'
        'SOFTWARE\Microsoft\SMS\Tracing\SMS_MP_CONTROL_MANAGER'
    )
    foreach ($key in $keys) {
        $open = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey($key)
        if ($null -eq $open) { continue }
        $values = @{}
        foreach ($name in $open.GetValueNames()) {
            if ($key -match '\\(CCM|SMS)\\' -and $name -notin $logging) { continue }
            $value = $open.GetValue($name)
            if ($value -is [string] -or $value -is [int] -or $value -is [long]) { $values[$name] = $value }
        }
        $found["HKLM\$key"] = $values
    }
    $found
}

function Get-PolicyResult {
    # gpresult writes XML to a file only; it goes to the user's temporary folder, and is left there.
    $file = [IO.Path]::Combine([IO.Path]::GetTempPath(), "comgmt-audit-gpresult-$PID.xml")
    & "$env:SystemRoot\System32\gpresult.exe" /scope computer /x $file /f | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "gpresult ended with $LASTEXITCODE" }
    if (-not (Test-Path -LiteralPath $file)) { throw 'gpresult wrote no file: this account has no policy results there' }
    [IO.File]::ReadAllText($file)
}

function Get-SiteFolder {
    # Where Configuration Manager is installed; nothing on a computer that is no site server.
    [Microsoft.Win32.Registry]::GetValue('HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SMS\Identification', 'Installation Directory', $null)
}

function Get-TrustedRoots {
    # The site's list of trusted roots, as it is handed to clients; of the file this one line.
    $site = Get-SiteFolder
    if (-not $site) { return }
    foreach ($platform in 'x64', 'i386') {
        $file = "$site\bin\$platform\mobileclient.tcf"
        if (-not (Test-Path -LiteralPath $file)) { continue }
        foreach ($line in Get-Content -LiteralPath $file) {
            if ($line -match '^\s*CertificateIssuers\s*=') { return "$line" }  # without what Get-Content hangs on it
        }
        throw "$file has no CertificateIssuers"
    }
}

function Get-KeyFiles {
    # Which files with private keys lie in the roots of fixed drives and in the folders directly there: names and hashes.
    $drives = @()
    $files = @()
    $unread = @()
    foreach ($drive in [IO.DriveInfo]::GetDrives()) {
        if ("$($drive.DriveType)" -ne 'Fixed' -or -not $drive.IsReady) { continue }
        $drives += $drive.Name
        $folders = @($drive.Name) + @(Get-ChildItem -LiteralPath $drive.Name -Directory -Force | ForEach-Object { $_.FullName })
        foreach ($folder in $folders) {
            try { $inside = @(Get-ChildItem -LiteralPath $folder -File -Force) } catch { $unread += $folder; continue }
            foreach ($file in $inside) {
                if ($file.Extension -notin '.pfx', '.p12') { continue }
                $hash = try { (Get-FileHash -LiteralPath $file.FullName -Algorithm SHA256).Hash } catch { $null }
                $files += @{ path = $file.FullName; size = $file.Length; sha256 = $hash }
            }
        }
    }
    @{ drives = $drives; files = $files; unread = $unread }
}

function Get-Logs {
    # The newest lines of the logs that comgmt-audit knows, where this computer has them.
    $found = @{}
    $site = Get-SiteFolder
    $client = [Microsoft.Win32.Registry]::GetValue('HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\CCM\Logging\@Global', 'LogDirectory', $null)
    $folders = @()
    if ($client) { $folders += $client }
    if ($site) { $folders += "$site\Logs" }
    foreach ($folder in $folders) {
        foreach ($log in 'CloudMgr', 'CoManagementHandler', 'LocationServices', 'mpcontrol', 'SMS_AZUREAD_DISCOVERY_AGENT',
            'SMS_Cloud_ProxyConnector') {
            foreach ($name in "$log.lo_", "$log.log") {
                if (-not (Test-Path -LiteralPath "$folder\$name")) { continue }
                $text = Get-Part $name { (Get-Content -LiteralPath "$folder\$name" -Tail 5000 -Encoding UTF8) -join "`r`n" }
                if ($text) { $found[$name] = $text }
            }
        }
    }
    $found
}

$elevated = ([Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole(
    [Security.Principal.WindowsBuiltInRole]::Administrator)
$certificates = Get-Part 'certificates' { Get-Certificates }
$registry = Get-Part 'registry' { Get-Registry }
$policy = Get-Part 'gpresult' { Get-PolicyResult }
if ($policy) { $outputs['gpresult'] = $policy }
$join = Get-Part 'dsregcmd' { (& "$env:SystemRoot\System32\dsregcmd.exe" /status) -join "`r`n" }
if ($join) { $outputs['dsregcmd'] = $join }
$roots = Get-Part 'mobileclient' { Get-TrustedRoots }
if ($roots) { $outputs['mobileclient'] = $roots }
$keys = Get-Part 'key-files' { Get-KeyFiles }

$address = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
$name = if ($address.DomainName) { "$($address.HostName).$($address.DomainName)" } else { $address.HostName }
$logs = Get-Part 'logs' { Get-Logs }
if ($null -eq $logs) { $logs = @{} }
$json = ConvertTo-Json -Compress -Depth 8 -InputObject @{
    collector = 1
    host = $name
    elevated = $elevated
    certificates = $certificates
    registry = $registry
    keyFiles = $keys
    outputs = $outputs
    logs = $logs
    errors = $errors
}
# ASCII alone survives every code page on the way.
$json = [regex]::Replace($json, '[^\x20-\x7e]', { param($found) '\u{0:x4}' -f [int][char]$found.Value })
if ($Pipeline) {
    [regex]::Matches($json, '.{1,65536}') | ForEach-Object { $_.Value }
} else {
    $target = [IO.Path]::Combine((Get-Location -PSProvider FileSystem).ProviderPath, "$name.json")
    [IO.File]::WriteAllText($target, $json)
    "Wrote $target"
}
