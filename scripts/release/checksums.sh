#!/usr/bin/env bash
# Writes SHA256SUMS of all files of a directory into it.
#
#   scripts/release/checksums.sh DIRECTORY
set -euo pipefail
cd "$1"
rm -f SHA256SUMS
sums=$(sha256sum -- *)
printf '%s\n' "$sums" >SHA256SUMS
