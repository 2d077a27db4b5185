#include "auth/signature_base.h"

#include <string>

#include "base/text.h"
#include "wire/structured.h"

namespace v100::auth {
namespace {

namespace sf = wire::sf;
using Headers = std::span<const wire::HttpHeader>;

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// What HTTP/1.1 cannot carry but HTTP/2 or a caller might: a second line in the base.
bool one_line(std::string_view value) noexcept {
  return value.find('\n') == value.npos && value.find('\r') == value.npos;
}

std::string_view without_port(std::string_view scheme, std::string_view authority) noexcept {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size())
                                   : authority;
}

Reason add_value(BoundedText& out, std::string_view value) {
  if (!one_line(value)) {
    return Reason::malformed_request;
  }
  out.add(value);
  return Reason::ok;
}

// ---- RFC 9421 §2.2.8, @query-param

int hex_digit(char c) noexcept {
  return c >= '0' && c <= '9'                 ? c - '0'
         : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10
                                              : -1;
}

// From application/x-www-form-urlencoded to bytes and to the one spelling of the RFC.
std::string respell(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i] == '+' ? ' ' : text[i];
    if (c == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      c = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    }
    const bool plain = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '*' ||
                       c == '-' || c == '.' || c == '_';
    if (plain) {
      out += c;
    } else {
      constexpr char digits[] = "0123456789ABCDEF";
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

Reason add_query_param(BoundedText& out, std::string_view query, std::string_view name) {
  query.remove_prefix(1);
  int found = 0;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(pair.size() == query.size() ? pair.size() : pair.size() + 1);
    const std::size_t equals = pair.find('=');
    if (!pair.empty() && respell(pair.substr(0, equals)) == name) {
      ++found;
      out.add(equals == pair.npos ? std::string() : respell(pair.substr(equals + 1)));
    }
  }
  return found == 1 ? Reason::ok : Reason::component_unknown;
}

// ---- Fields, RFC 9421 §2.1

std::string joined(Headers headers, std::string_view name) {
  std::string out;
  bool first = true;
  for (const wire::HttpHeader& field : headers) {
    if (wire::same_token(field.name, name)) {
      out += first ? "" : ", ";
      out += field.value;
      first = false;
    }
  }
  return out;
}

// Fields whose type we know to be a dictionary.
bool is_dictionary(std::string_view name) noexcept {
  return name == "content-digest" || name == "repr-digest" || name == "signature" ||
         name == "signature-input" || name == "priority" || name == "accept-signature";
}

Reason add_structured(BoundedText& out, Headers headers, const Component& c) {
  if (!c.has_key && !is_dictionary(c.name)) {
    return Reason::component_unknown;
  }
  const Result<sf::Dictionary> all = sf::parse_dictionary(joined(headers, c.name));
  if (!all) {
    return Reason::component_unknown;
  }
  Result<std::string> text = fail(Errc::not_found, "no such member");
  if (!c.has_key) {
    text = sf::serialize(*all);
  } else if (const sf::Member* member = sf::find(*all, c.key)) {
    text = std::visit([](const auto& one) { return sf::serialize(one); }, *member);
  }
  if (!text) {
    return Reason::component_unknown;
  }
  out.add(*text);
  return Reason::ok;
}

Reason add_field(BoundedText& out, Headers headers, const Component& c) {
  if (c.tr || (c.bs && (c.sf || c.has_key))) {
    return Reason::component_unknown;
  }
  bool found = false;
  for (const wire::HttpHeader& field : headers) {
    if (!wire::same_token(field.name, c.name)) {
      continue;
    }
    if (c.sf || c.has_key) {
      return add_structured(out, headers, c);
    }
    out.add(found ? ", " : "");
    found = true;
    if (c.bs) {
      out.add(':').add(to_base64(as_bytes(field.value))).add(':');
    } else if (const Reason reason = add_value(out, field.value); reason != Reason::ok) {
      return reason;
    }
  }
  return found ? Reason::ok : Reason::component_unknown;
}

// ---- Derived components, RFC 9421 §2.2

Reason add_derived(BoundedText& out, const RequestView& request, const Component& c) {
  if (c.sf || c.bs || c.tr || c.has_key || c.has_query_name != (c.name == "@query-param")) {
    return Reason::component_unknown;
  }
  if (c.name == "@method") {
    return add_value(out, request.method);
  }
  if (!one_line(request.authority) || !one_line(request.target)) {
    return Reason::malformed_request;
  }
  if (c.name == "@target-uri") {
    out.add(request.scheme).add("://");
    append_authority(out, request.scheme, request.authority);
    out.add(request.target == "*" ? "" : request.target);
  } else if (c.name == "@authority") {
    append_authority(out, request.scheme, request.authority);
  } else if (c.name == "@scheme") {
    out.add(request.scheme);
  } else if (c.name == "@request-target") {
    out.add(request.target);
  } else if (c.name == "@path") {
    out.add(request.path());
  } else if (c.name == "@query") {
    out.add(request.query());
  } else if (c.name == "@query-param") {
    return add_query_param(out, request.query(), c.query_name);
  } else {
    return Reason::component_unknown;
  }
  return Reason::ok;
}

bool is_field_name(std::string_view name) noexcept {
  for (const char c : name) {
    if (c <= 0x20 || c == 0x7f || c == ':' || (c >= 'A' && c <= 'Z')) {
      return false;
    }
  }
  return !name.empty();
}

Reason add_component(BoundedText& out, const MessageView& message, const Component& c) {
  const bool of_request = message.status == 0 || c.req;
  if (c.odd || c.name.empty() || (c.req && message.status == 0) ||
      (of_request && message.request == nullptr)) {
    return Reason::component_unknown;
  }
  if (c.name[0] != '@') {
    if (!is_field_name(c.name)) {
      return Reason::component_unknown;
    }
    return add_field(out, of_request ? message.request->headers : message.headers, c);
  }
  if (c.name == "@status" && !of_request) {
    const char digits[3] = {static_cast<char>('0' + message.status / 100 % 10),
                            static_cast<char>('0' + message.status / 10 % 10),
                            static_cast<char>('0' + message.status % 10)};
    out.add(std::string_view(digits, 3));
    return c.identifier.size() == 9 ? Reason::ok : Reason::component_unknown;
  }
  return of_request ? add_derived(out, *message.request, c) : Reason::component_unknown;
}

}  // namespace

void append_authority(BoundedText& out, std::string_view scheme, std::string_view authority) {
  const std::size_t before = out.size();
  out.add(without_port(scheme, authority));
  for (std::uint8_t& byte : out.written().subspan(before)) {
    byte = static_cast<std::uint8_t>(lower(static_cast<char>(byte)));
  }
}

bool same_authority(std::string_view scheme, std::string_view sent,
                    std::string_view normal) noexcept {
  sent = without_port(scheme, sent);
  if (sent.size() != normal.size()) {
    return false;
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (lower(sent[i]) != normal[i]) {
      return false;
    }
  }
  return true;
}

Reason append_signature_base(BoundedText& out, const MessageView& message,
                             std::span<const Component> components, std::string_view params) {
  for (std::size_t i = 0; i < components.size(); ++i) {
    const Component& c = components[i];
    // RFC 9421 §2.5, step 2: a component stands once.
    for (std::size_t j = 0; j < i; ++j) {
      if (components[j].identifier == c.identifier) {
        return Reason::malformed_signature_input;
      }
    }
    out.add(c.identifier).add(": ");
    if (const Reason reason = add_component(out, message, c); reason != Reason::ok) {
      return reason;
    }
    out.add('\n');
  }
  out.add("\"@signature-params\": ").add(params);
  return out.overflowed() ? Reason::malformed_request : Reason::ok;
}

}  // namespace v100::auth
