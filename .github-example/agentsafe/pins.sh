# What this repository's CI believes in. These lines give power: changing one is a trust commit.
# shellcheck shell=bash disable=SC2034

# main's first commit, as `agentsafe init` printed it. The repository variable AGENTSAFE_GENESIS must say the same.
genesis=

# Either a released binary, by its digest …
release_url=
release_sha256=
# … and, for releases that carry an attestation, the repository that must have built it (OWNER/NAME).
release_repository=

# … or the source, at one commit (40 hexadecimal digits).
source_url=
source_commit=
