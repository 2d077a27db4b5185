// OpenSSL's side of tls.h. Internal to io.
#pragma once

#include <openssl/ssl.h>

#include "io/tls.h"

namespace v100::io {

SSL* new_connection(TlsServer::Context& context, int fd);
TlsAgreement agreement_of(const SSL* ssl) noexcept;

}  // namespace v100::io
