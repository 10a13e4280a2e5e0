#!/usr/bin/env bash
# Packs the archive of a release: the program, completions, man pages, licence.
#
#   scripts/release/pack.sh TARGET PROGRAM DIRECTORY
#
# writes DIRECTORY/amgctl-TARGET.tar.gz, or .zip for Windows. The names have no version, so that
# releases/latest/download/NAME leads to the newest.
set -euo pipefail
target=$1 program=$2 into=$3
top=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
name=amgctl-$target

mkdir -p "$into"
into=$(cd "$into" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/$name"
case $target in
*-windows-*) cp "$program" "$work/$name/amgctl.exe" ;;
*) cp "$program" "$work/$name/amgctl" ;;
esac
cp -R "$top/completions" "$work/$name/completions"
cp "$top/LICENSE" "$top/README.md" "$top/CHANGELOG.md" "$work/$name/"
cd "$work"
case $target in
*-windows-*)
    # 7z is on GitHub's runners for Windows, zip is not.
    if command -v 7z >/dev/null; then
        7z a -bso0 "$into/$name.zip" "$name"
    else
        zip -q -r "$into/$name.zip" "$name"
    fi
    ;;
*) tar -czf "$into/$name.tar.gz" "$name" ;;
esac
