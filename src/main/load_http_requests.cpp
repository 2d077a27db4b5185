#include "main/load_http_requests.h"

#include <fmt/format.h>

#include "auth/fast_lane.h"
#include "base/text.h"

namespace v100::load {
namespace {

constexpr std::int64_t lifetime_s = 600;

Buffer some_body(std::size_t bytes) {
  Buffer out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    out[i] = static_cast<std::uint8_t>("0123456789abcdefghijklmnopqrstuvwxyz\n"[i % 37]);
  }
  return out;
}

void append_text(Buffer& out, std::string_view text) { append(out, as_bytes(text)); }

void append_request(Buffer& out, const RequestShape& shape, std::string_view type,
                    std::string_view fields, Bytes body) {
  append_text(out, fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}", shape.method, shape.target,
                               shape.authority, fields));
  if (shape.wait) {
    append_text(out, "Prefer: attest=wait\r\n");
  }
  if (!body.empty()) {
    append_text(out, fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", type, body.size()));
  }
  append_text(out, "\r\n");
  append(out, body);
}

auth::RequestView view_of(const RequestShape& shape, Bytes body) {
  return {.method = shape.method,
          .scheme = shape.scheme,
          .authority = shape.authority,
          .target = shape.target,
          .headers = {},
          .body = body};
}

auth::HeaderDraft header_draft(const RequestShape& shape, const auth::Signer& client, Bytes body,
                               Random& random) {
  ByteArray<16> nonce;
  random.fill(nonce);
  const std::string text = to_base64url(nonce);
  return auth::draft_header(
             client, view_of(shape, body),
             {.created = shape.created_s, .expires = shape.created_s + lifetime_s, .nonce = text})
      .value();
}

void append_signed(Buffer& out, const RequestShape& shape, const auth::HeaderDraft& draft,
                   Bytes signature, Bytes body) {
  std::string fields;
  if (!draft.content_digest.empty()) {
    fields += fmt::format("Content-Digest: {}\r\n", draft.content_digest);
  }
  fields += fmt::format("Signature-Input: {}\r\nSignature: {}\r\n", draft.signature_input,
                        auth::signature_field(draft, signature));
  append_request(out, shape, "application/json", fields, body);
}

class RequestMaker {
 public:
  RequestMaker(const RequestShape& shape, const Signing& signing, Random& random)
      : shape_(shape), signing_(signing), random_(random), body_(some_body(shape.body_bytes)) {}

  void append_one(RequestRun& run, std::size_t client) {
    const std::size_t before = run.bytes.size();
    switch (shape_.lane) {
      case auth::Lane::unsigned_:
        append_request(run.bytes, shape_, "application/json", {}, body_);
        break;
      case auth::Lane::session:
        append_request(
            run.bytes, shape_, "application/json",
            fmt::format("Authorization: {}\r\n", signing_.sessions[client].authorize(
                                                     view_of(shape_, body_), shape_.created_s)),
            body_);
        break;
      case auth::Lane::header: {
        const auth::HeaderDraft draft =
            header_draft(shape_, signing_.clients[client], body_, random_);
        const Buffer signature = signing_.clients[client].sign(draft.base, nullptr).value();
        append_signed(run.bytes, shape_, draft, signature, body_);
        break;
      }
      case auth::Lane::fast: {
        const auth::FastDraft draft =
            auth::draft_fast(signing_.clients[client], view_of(shape_, body_),
                             {.created = shape_.created_s,
                              .expires = shape_.created_s + lifetime_s,
                              .sequence = ++signing_.sequences[client]})
                .value();
        const Buffer signature = signing_.clients[client].sign(draft.structure, nullptr).value();
        append_request(run.bytes, shape_, auth::fast_content_type, {},
                       auth::fast_body(draft, body_, signature));
        break;
      }
    }
    run.sizes.push_back(static_cast<std::uint32_t>(run.bytes.size() - before));
  }

 private:
  const RequestShape& shape_;
  const Signing& signing_;
  Random& random_;
  const Buffer body_;
};

}  // namespace

std::vector<auth::Signer> make_clients(std::size_t count, Random& random) {
  std::vector<auth::Signer> out;
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(
        auth::Signer::from(keys::PrivateKey::generate(keys::Algorithm::mldsa65, random)).value());
  }
  return out;
}

RequestRun make_ahead(const RequestShape& shape, const Signing& signing, std::size_t first,
                      std::size_t step, std::size_t count, Random& random) {
  RequestMaker maker(shape, signing, random);
  RequestRun run;
  run.sizes.reserve(count);
  const std::size_t clients = shape.lane == auth::Lane::unsigned_ ? 1 : signing.clients.size();
  std::size_t client = first;
  for (std::size_t i = 0; i < count; ++i) {
    maker.append_one(run, client);
    client += step;
    client = client < clients ? client : first;
    if (i == 0) {
      run.bytes.reserve((run.bytes.size() + 64) * count);
    }
  }
  return run;
}

Buffer signed_post(const RequestShape& shape, const auth::Signer& client, Bytes body,
                   Random& random) {
  const auth::HeaderDraft draft = header_draft(shape, client, body, random);
  Buffer out;
  append_signed(out, shape, draft, client.sign(draft.base, nullptr).value(), body);
  return out;
}

}  // namespace v100::load
