# What is installed, and from where: the one table. A line of setup.env may say something else for each of these names.
# A mirror needs no other checksum unless it has another file: then NODE_SHA256 or CADDY_SHA512 says which.
# shellcheck disable=SC2034 # the checksums are used by their composed names
{
OPENCLAW_VERSION=2026.9.6
NODE_VERSION=24.21.0
NODE_SHA256_x64=6e1db87ef58b8819e5d5402eff1536491b18edd8eb7bee5ef7897876e88dc5ff
NODE_SHA256_arm64=724282c3b43aec998aa9527380465b45d229e021b58035f5f4f63095eabfe5d5
NODE_MIRROR=https://nodejs.org/dist
NODE_SHA256=''
CADDY_VERSION=2.11.4 # older than 2.11.3 have trouble with certificates for bare addresses
CADDY_SHA512_amd64=8220d1f013b6f27510247b2360c9e0ca9f018feebd82515f07635318b34ff9777ccc8fd0b6e6f2486ce3a33fe389fbb7db12d05baa474f4587509fb4f5ebf1c9
CADDY_SHA512_arm64=d5a7c423853c24a799765e0e8210d5c7c22a8f56ed37a3cae2fb9f58be138853c02b4efd6b59d576e6d8c7c0d30b9c1592deeaa6a536ff69bcca23b8c1ea709c
CADDY_MIRROR=https://github.com/caddyserver/caddy/releases/download
CADDY_SHA512=''
NPM_REGISTRY=''        # npm's own
CLAWHUB_URL=''         # ClawHub's own, for skills
APT_MIRROR=''          # what the system is configured for; else debian/, debian-security/ or ubuntu/ below this address
ACME_DIRECTORY=''      # Let's Encrypt
ACME_ROOT=''           # whom to trust there: a certificate in base64, on one line
OPENROUTER_BASE_URL='' # OpenRouter's own
}
