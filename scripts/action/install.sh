#!/usr/bin/env bash
# Installs the release for this runner, once its checksum was verified.
# shellcheck source=scripts/action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

[[ $INPUT_REPOSITORY =~ ^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$ ]] || fail "the input repository is not OWNER/NAME"

version=$INPUT_VERSION
if [ -z "$version" ]; then
    # The action and the program it was released with are one tree.
    version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "${BASH_SOURCE[0]%/*}/../../Cargo.toml" | head -n 1)
fi
version=${version#v}
[[ $version =~ ^(latest|[0-9]+\.[0-9]+\.[0-9]+([.+-][0-9A-Za-z.+-]+)?)$ ]] ||
    fail "the input version is neither latest nor a version such as 0.1.0"

case "${RUNNER_OS:-$(uname -s)}-${RUNNER_ARCH:-$(uname -m)}" in
Linux-X64 | Linux-x86_64) target=x86_64-unknown-linux-musl ;;
Linux-ARM64 | Linux-aarch64) target=aarch64-unknown-linux-musl ;;
macOS-X64 | Darwin-x86_64) target=x86_64-apple-darwin ;;
macOS-ARM64 | Darwin-arm64) target=aarch64-apple-darwin ;;
Windows-X64) target=x86_64-pc-windows-msvc ;;
*) fail "there is no release for ${RUNNER_OS:-$(uname -s)} on ${RUNNER_ARCH:-$(uname -m)}" ;;
esac
case $target in
*-windows-*) archive=amgctl-$target.zip program=amgctl.exe ;;
*) archive=amgctl-$target.tar.gz program=amgctl ;;
esac

if [ -n "$INPUT_BASE_URL" ]; then
    from=${INPUT_BASE_URL%/}
elif [ "$version" = latest ]; then
    from=${GITHUB_SERVER_URL:-https://github.com}/$INPUT_REPOSITORY/releases/latest/download
else
    from=${GITHUB_SERVER_URL:-https://github.com}/$INPUT_REPOSITORY/releases/download/v$version
fi
secure "the URL of the releases" "$from"

# One step after the other uses it, and each job begins with an empty directory.
home=$RUNNER_TEMP/amgctl-$version-$target
if [ ! -x "$home/amgctl-$target/$program" ]; then
    work=$(mktemp -d "$RUNNER_TEMP/amgctl-install.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    for file in SHA256SUMS "$archive"; do
        # A redirect leads to where GitHub keeps its files, and never to plain http.
        curl --fail --silent --show-error --location --proto-redir =https --retry 3 --connect-timeout 20 \
            --max-time 300 --max-filesize 268435456 --output "$work/$file" "$from/$file" ||
            fail "$file of version $version could not be downloaded from $from"
    done
    # The line of this archive, whole and only once: a name that merely ends with it is another file's.
    wanted=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' "$work/SHA256SUMS")
    [[ $wanted =~ ^[0-9a-f]{64}$ ]] || fail "SHA256SUMS has no checksum of $archive: nothing is installed"
    found=$(digest "$work/$archive")
    [ "$found" = "$wanted" ] ||
        fail "$archive is not what SHA256SUMS says (wanted $wanted, found $found): nothing is installed"
    mkdir "$work/unpacked"
    case $archive in
    *.zip) unzip -q "$work/$archive" -d "$work/unpacked" ;;
    *) tar -xzf "$work/$archive" -C "$work/unpacked" ;;
    esac
    [ -f "$work/unpacked/amgctl-$target/$program" ] || fail "$archive holds no program"
    rm -rf "$home"
    mv "$work/unpacked" "$home"
fi

program=$home/amgctl-$target/$program
said=$("$program" --version) || fail "the program of $archive does not run on this runner"
say "installed $said for $target"
printf '%s\n' "${program%/*}" >>"$GITHUB_PATH"
output program "$program"
output version "${said#amgctl }"
