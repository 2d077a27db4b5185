#!/usr/bin/env bash
# Installs v100.so and its configuration into a folder of their own and uses them with the system's openssl: a missing
# file, a symbol too many or a certificate that does not verify shows here. Usage: installed_test.sh CMAKE BUILD-FOLDER
set -euo pipefail
command -v openssl >/dev/null || { echo "skipped: no openssl"; exit 77; }
case "$(openssl version)" in "OpenSSL 3."*) ;; *) echo "skipped: $(openssl version)"; exit 77 ;; esac
cmake=$1 build=$2
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
DESTDIR=$root "$cmake" --install "$build" --component ossl_provider >/dev/null
module=$(find "$root" -name v100.so)
[ "${module#"$root"}" = "$(openssl version -m | sed 's/.*"\(.*\)"/\1/')/v100.so" ] || { echo "not where openssl looks: $module"; exit 1; }
visible=$(nm -D --defined-only "$module" | sed 's/.* //')
[ "$visible" = OSSL_provider_init ] || { echo "visible: $visible"; exit 1; }
[ -n "$(find "$root" -name v100-provider.7)" ]
OPENSSL_CONF=$(find "$root" -name v100.cnf)
export OPENSSL_CONF OPENSSL_MODULES=${module%/*}
cd "$root"
openssl list -providers | grep -q 'V100 post-quantum provider'
openssl genpkey -algorithm ML-DSA-65 -out key.pem
openssl req -x509 -key key.pem -subj /CN=installed -days 1 -out cert.pem
openssl verify -CAfile cert.pem cert.pem
# Whoever names our provider alone gets an error, not a crash.
OPENSSL_CONF=/dev/null openssl genpkey -algorithm ML-KEM-768 -provider v100 -out kem.pem
grep -q 'PRIVATE KEY' kem.pem
printf 'openssl_conf = i\n[i]\nproviders = p\n[p]\nv100 = v\n[v]\nactivate = 1\nprivate-key-form = wrong\n' >bad.cnf
if OPENSSL_CONF=bad.cnf openssl list -providers 2>&1 | grep -q 'V100 post-quantum'; then echo "took a wrong setting"; exit 1; fi
echo "installed, and its certificate verifies"
