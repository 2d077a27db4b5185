// The one symbol of v100.so.
#include "ossl_provider/ossl_provider.h"

extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(
    const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* from_core, const OSSL_DISPATCH** out,
    void** context) {
  return v100::ossl::provider_init(core, from_core, out, context);
}
