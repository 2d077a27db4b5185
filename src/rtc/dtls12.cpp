// DTLS 1.2 (RFC 6347) by OpenSSL, fed from memory. OpenSSL's own timer reads the wall clock, so it
// is never let run: flights are kept here and repeated on the time that comes in.
#include <cstring>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>

#include "base/check.h"
#include "rtc/dtls_shared.h"
#include "wire/dtls_record.h"

namespace v100::rtc {
namespace {

// RFC 6347 §4.2.4.1 starts at 1 s and doubles. ICE has just shown the path to be live, so 250 ms.
constexpr Duration retransmit_first = Duration::milliseconds(250);
constexpr Duration retransmit_max = Duration::seconds(4);
// With the doubling above: 250 ms ... 4 s; about 24 s in all, within the transport's own limit.
constexpr int retransmits_max = 9;
// A peer that repeats its last flight gets ours again, but not more often than this.
constexpr Duration reanswer_min = Duration::milliseconds(100);

class Dtls12Session final : public DtlsSession {
 public:
  Dtls12Session(DtlsContext::Shared& shared, DtlsRole role, const Fingerprint& peer);

  void start(Instant now, Out& out) override;
  void on_datagram(Instant now, Bytes datagram, Out& out) override;
  Instant deadline() const noexcept override { return deadline_; }
  void on_timer(Instant now, Out& out) override;
  void close(Out& out) override;
  DtlsState state() const noexcept override { return state_; }
  Error error() const noexcept override { return error_; }
  DtlsInfo info() const noexcept override;
  void export_srtp(MutBytes out) const noexcept override;

  // Called by OpenSSL, through the BIO and the verify callback.
  int bio_read(MutBytes out) noexcept;
  void bio_write(Bytes records) { append(written_, records); }
  bool peer_is(X509* certificate) noexcept;

 private:
  void handshake(Instant now, Out& out);
  void drain_application_data();
  void flush(Out& out);
  void keep_flight(Instant now, const Out& out, std::size_t from);
  void fail_with(Error error);

  Owned<SSL, SSL_free> ssl_;
  Fingerprint peer_;
  DtlsState state_ = DtlsState::handshaking;
  Error error_{Errc::unavailable, ""};
  bool wrong_fingerprint_ = false;
  Bytes incoming_;  // the datagram OpenSSL may read now; empty: would block
  Buffer written_;  // records OpenSSL wrote since the last flush
  Out flight_;      // the last flight, to repeat
  Instant deadline_ = never;
  Duration interval_ = retransmit_first;
  int repeats_ = 0;
  Instant reanswer_from_;  // connected: earliest time to repeat the last flight on request
};

Dtls12Session& session_of(SSL* ssl) noexcept {
  return *static_cast<Dtls12Session*>(SSL_get_app_data(ssl));
}

// ---- BIO: one datagram a read, records gathered from writes ----

int on_bio_read(BIO* bio, char* out, int bytes) noexcept {
  BIO_clear_retry_flags(bio);
  const int n = static_cast<Dtls12Session*>(BIO_get_data(bio))
                    ->bio_read({reinterpret_cast<std::uint8_t*>(out),
                                static_cast<std::size_t>(bytes < 0 ? 0 : bytes)});
  if (n < 0) {
    BIO_set_retry_read(bio);
  }
  return n;
}

int on_bio_write(BIO* bio, const char* in, int bytes) noexcept {
  BIO_clear_retry_flags(bio);
  static_cast<Dtls12Session*>(BIO_get_data(bio))
      ->bio_write({reinterpret_cast<const std::uint8_t*>(in), static_cast<std::size_t>(bytes)});
  return bytes;
}

long on_bio_control(BIO*, int command, long, void*) noexcept {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return dtls_mtu_bytes;
    default:
      return 0;
  }
}

// ---- certificate: only the fingerprint counts (RFC 8827 §6.5) ----

int on_verify(X509_STORE_CTX* store, void*) noexcept {
  SSL* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (!session_of(ssl).peer_is(X509_STORE_CTX_get0_cert(store))) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  return 1;
}

// OpenSSL's retransmission timer, in µs: over an hour, that is, never (see the head of the file).
unsigned on_timer_length(SSL*, unsigned) noexcept { return 4000u * 1000 * 1000; }

const char* group_name(SSL* ssl) noexcept {
  switch (SSL_get_negotiated_group(ssl)) {
    case NID_X25519:
      return "x25519";
    case NID_X9_62_prime256v1:
      return "secp256r1";
    default:
      return "unknown";
  }
}

}  // namespace

Result<void> prepare_dtls12(DtlsContext::Shared& shared) {
  constexpr Error cannot{Errc::unavailable, "dtls: this OpenSSL lacks DTLS 1.2 or its ciphers"};
  shared.bio_method.reset(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams"));
  shared.dtls12.reset(SSL_CTX_new(DTLS_method()));
  SSL_CTX* const context = shared.dtls12.get();
  BIO_METHOD* const method = shared.bio_method.get();
  if (context == nullptr || method == nullptr) {
    return std::unexpected(cannot);
  }
  BIO_meth_set_read(method, on_bio_read);
  BIO_meth_set_write(method, on_bio_write);
  BIO_meth_set_ctrl(method, on_bio_control);
  // RFC 8827 §6.5 and RFC 9325 §4.2: forward secrecy and AEAD only. Our certificate is ECDSA.
  const bool ready =
      SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(context,
                              "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
                              "ECDHE-ECDSA-AES128-GCM-SHA256") == 1 &&
      SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1 &&
      SSL_CTX_set_tlsext_use_srtp(context,  // 0 is success, unlike its neighbours
                                  "SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:"
                                  "SRTP_AES128_CM_SHA1_80") == 0 &&
      SSL_CTX_use_certificate(context, shared.certificate.get()) == 1 &&
      SSL_CTX_use_PrivateKey(context, shared.key.get()) == 1;
  if (!ready) {
    return std::unexpected(cannot);
  }
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // 34 KB a session, idle after the handshake
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, on_verify, nullptr);
  return {};
}

namespace {

Dtls12Session::Dtls12Session(DtlsContext::Shared& shared, DtlsRole role, const Fingerprint& peer)
    : ssl_(SSL_new(shared.dtls12.get())), peer_(peer) {
  BIO* const bio = BIO_new(shared.bio_method.get());
  CHECK(ssl_ != nullptr && bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_mtu(ssl_.get(), dtls_mtu_bytes);
  DTLS_set_timer_cb(ssl_.get(), on_timer_length);
  if (role == DtlsRole::active) {
    SSL_set_connect_state(ssl_.get());
  } else {
    SSL_set_accept_state(ssl_.get());
  }
}

int Dtls12Session::bio_read(MutBytes out) noexcept {
  if (incoming_.empty()) {
    return -1;
  }
  const std::size_t n = incoming_.size() < out.size() ? incoming_.size() : out.size();
  copy(out.first(n), incoming_.first(n));
  incoming_ = {};  // what does not fit is cut off, as a socket would
  return static_cast<int>(n);
}

bool Dtls12Session::peer_is(X509* certificate) noexcept {
  Fingerprint got{};
  unsigned bytes = 0;
  const bool right = certificate != nullptr &&
                     X509_digest(certificate, EVP_sha256(), got.data(), &bytes) == 1 &&
                     bytes == got.size() && same(got, peer_);
  wrong_fingerprint_ = !right;
  return right;
}

void Dtls12Session::fail_with(Error error) {
  state_ = DtlsState::failed;
  error_ = error;
  deadline_ = never;
  flight_.clear();
}

// Splits what OpenSSL wrote at record borders into datagrams under the MTU.
void Dtls12Session::flush(Out& out) {
  Bytes rest = written_;
  Buffer datagram;
  while (const Result<wire::DtlsRecord> record = wire::parse_dtls_record(rest)) {
    if (!datagram.empty() && datagram.size() + record->bytes > dtls_mtu_bytes) {
      out.push_back(std::move(datagram));
      datagram = {};
    }
    append(datagram, rest.first(record->bytes));
    rest = rest.subspan(record->bytes);
  }
  CHECK(rest.empty());  // OpenSSL writes whole records
  if (!datagram.empty()) {
    out.push_back(std::move(datagram));
  }
  written_.clear();
}

void Dtls12Session::keep_flight(Instant now, const Out& out, std::size_t from) {
  if (out.size() == from) {
    return;
  }
  flight_.assign(out.begin() + static_cast<std::ptrdiff_t>(from), out.end());
  interval_ = retransmit_first;
  repeats_ = 0;
  deadline_ = now + interval_;
}

void Dtls12Session::handshake(Instant now, Out& out) {
  const std::size_t before = out.size();
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const int reason = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  flush(out);
  if (result == 1) {
    if (SSL_get_selected_srtp_profile(ssl_.get()) == nullptr) {
      fail_with({Errc::unsupported, "dtls: the peer offered no SRTP profile of ours"});
      return;
    }
    state_ = DtlsState::connected;
    keep_flight(now, out, before);  // to be repeated only when the peer repeats its own
    deadline_ = never;
    reanswer_from_ = now;
    return;
  }
  if (reason == SSL_ERROR_WANT_READ) {
    keep_flight(now, out, before);
    return;
  }
  fail_with(wrong_fingerprint_
                ? Error{Errc::unauthenticated, "dtls: the certificate is not the one in the SDP"}
                : Error{Errc::malformed, "dtls: the handshake failed"});
}

void Dtls12Session::start(Instant now, Out& out) {
  if (!SSL_is_server(ssl_.get())) {
    handshake(now, out);
  }
}

// Connected: only alerts matter. Data channels are not spoken here, so application data is dropped.
void Dtls12Session::drain_application_data() {
  ByteArray<2048> sink;
  ERR_clear_error();
  int n = 1;
  while (n > 0) {
    n = SSL_read(ssl_.get(), sink.data(), static_cast<int>(sink.size()));
  }
  const int reason = SSL_get_error(ssl_.get(), n);
  ERR_clear_error();
  if (reason == SSL_ERROR_ZERO_RETURN) {
    state_ = DtlsState::closed;
  } else if (reason != SSL_ERROR_WANT_READ) {
    fail_with({Errc::malformed, "dtls: the peer sent a fatal alert"});
  }
}

void Dtls12Session::on_datagram(Instant now, Bytes datagram, Out& out) {
  incoming_ = datagram;
  if (state_ == DtlsState::handshaking) {
    handshake(now, out);
  } else if (state_ == DtlsState::connected) {
    const std::size_t before = out.size();
    drain_application_data();
    flush(out);
    // A handshake record now means that the client missed our last flight. OpenSSL repeats it only
    // if the client's records carry new numbers. (The client's own last flight is never missing: we
    // are connected by it. Answering there too would be an endless game of echoes.)
    const Result<wire::DtlsRecord> record = wire::parse_dtls_record(datagram);
    const bool repeated = record && (record->content == wire::DtlsContent::handshake ||
                                     record->content == wire::DtlsContent::change_cipher_spec);
    if (SSL_is_server(ssl_.get()) == 1 && repeated && out.size() == before &&
        now >= reanswer_from_) {
      out.insert(out.end(), flight_.begin(), flight_.end());
      reanswer_from_ = now + reanswer_min;
    }
  }
  incoming_ = {};
}

void Dtls12Session::on_timer(Instant now, Out& out) {
  if (now < deadline_ || state_ != DtlsState::handshaking) {
    return;
  }
  if (++repeats_ > retransmits_max) {
    fail_with({Errc::timed_out, "dtls: the peer does not answer"});
    return;
  }
  out.insert(out.end(), flight_.begin(), flight_.end());
  interval_ = interval_ * 2 < retransmit_max ? interval_ * 2 : retransmit_max;
  deadline_ = now + interval_;
}

void Dtls12Session::close(Out& out) {
  if (state_ != DtlsState::connected) {
    return;
  }
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // writes close_notify; its answer does not matter
  ERR_clear_error();
  flush(out);
  state_ = DtlsState::closed;
}

DtlsInfo Dtls12Session::info() const noexcept {
  CHECK(state_ == DtlsState::connected || state_ == DtlsState::closed);
  DtlsInfo info;
  info.version = static_cast<std::uint16_t>(SSL_version(ssl_.get()));
  info.group = group_name(ssl_.get());
  info.cipher = SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get()));
  // OpenSSL's ids are the registered code points
  info.srtp = static_cast<SrtpProfile>(SSL_get_selected_srtp_profile(ssl_.get())->id);
  return info;
}

// RFC 5764 §4.2
void Dtls12Session::export_srtp(MutBytes out) const noexcept {
  constexpr std::string_view label = "EXTRACTOR-dtls_srtp";
  const SrtpProfile profile = info().srtp;
  CHECK(out.size() == 2 * (srtp_key_bytes(profile) + srtp_salt_bytes(profile)));
  CHECK(SSL_export_keying_material(ssl_.get(), out.data(), out.size(), label.data(), label.size(),
                                   nullptr, 0, 0) == 1);
}

}  // namespace

std::unique_ptr<DtlsSession> make_dtls_session(DtlsContext& context, DtlsRole role,
                                               const Fingerprint& peer) {
  return std::make_unique<Dtls12Session>(context.shared(), role, peer);
}

}  // namespace v100::rtc
