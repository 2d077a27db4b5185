#include "ossl_provider/context.h"

#include <cstdarg>
#include <openssl/params.h>

namespace v100::ossl {
namespace {

// Error codes of the provider are those of base/result.h, counted from one.
int reason(Errc code) noexcept { return static_cast<int>(code) + 1; }

const OSSL_ITEM reasons[] = {
    {static_cast<unsigned>(Errc::malformed) + 1, const_cast<char*>("malformed")},
    {static_cast<unsigned>(Errc::unauthenticated) + 1, const_cast<char*>("verification said no")},
    {static_cast<unsigned>(Errc::not_found) + 1, const_cast<char*>("not there")},
    {static_cast<unsigned>(Errc::conflict) + 1, const_cast<char*>("not in this state")},
    {static_cast<unsigned>(Errc::too_large) + 1, const_cast<char*>("too large")},
    {static_cast<unsigned>(Errc::unavailable) + 1, const_cast<char*>("unavailable")},
    {static_cast<unsigned>(Errc::unsupported) + 1, const_cast<char*>("unsupported")},
    {0, nullptr}};

// The core takes a va_list alone.
void set_error(const Provider& provider, int code, const char* format, ...) noexcept {
  va_list arguments;
  va_start(arguments, format);
  provider.vset_error(provider.core, static_cast<std::uint32_t>(code), format, arguments);
  va_end(arguments);
}

}  // namespace

Provider* provider_of(void* context) noexcept { return static_cast<Provider*>(context); }

int raise(const Provider& provider, Error error) noexcept {
  if (provider.new_error != nullptr && provider.vset_error != nullptr) {
    provider.new_error(provider.core);
    if (provider.set_error_debug != nullptr) {
      provider.set_error_debug(provider.core, "v100", 0, "");
    }
    set_error(provider, reason(error.code), "%s", error.what);
  }
  return 0;
}

const OSSL_ITEM* reason_strings() noexcept { return reasons; }

bool write_all(const Provider& provider, OSSL_CORE_BIO* out, Bytes bytes) noexcept {
  while (!bytes.empty()) {
    std::size_t written = 0;
    if (provider.bio_write(out, bytes.data(), bytes.size(), &written) != 1 || written == 0) {
      return false;
    }
    bytes = bytes.subspan(written);
  }
  return true;
}

bool octets(const OSSL_PARAM* param, Bytes& out) noexcept {
  const void* data = nullptr;
  std::size_t size = 0;
  if (OSSL_PARAM_get_octet_string_ptr(param, &data, &size) != 1) {
    return false;
  }
  out = Bytes(static_cast<const std::uint8_t*>(data), size);
  return true;
}

}  // namespace v100::ossl
