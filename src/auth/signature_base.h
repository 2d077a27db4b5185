// The signature base (RFC 9421 §2.5): what is really signed, rebuilt from the message.
#pragma once

#include <span>
#include <string_view>

#include "auth/bounded_text.h"
#include "auth/request.h"
#include "auth/signature_input.h"
#include "auth/verdict.h"

namespace v100::auth {

// A request, or a response with the request it answers.
struct MessageView {
  const RequestView* request = nullptr;  // null only for a response that binds no request
  int status = 0;                        // of a response; 0: the request is what is signed
  std::span<const wire::HttpHeader> headers = {};  // of the response
};

// Appends one line a component and the last one, "@signature-params". ok; component_unknown: a
// component that this message does not have or that we cannot rebuild; malformed_request: a value
// with a line end in it, or no room.
Reason append_signature_base(BoundedText& out, const MessageView& message,
                             std::span<const Component> components, std::string_view params);

// RFC 9421 §2.2.3: lower case, without the scheme's own port.
void append_authority(BoundedText& out, std::string_view scheme, std::string_view authority);
bool same_authority(std::string_view scheme, std::string_view sent,
                    std::string_view normal) noexcept;  // is `normal` the normal form of `sent`?

}  // namespace v100::auth
