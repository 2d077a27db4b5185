// Any text through the reader of Signature-Input: what the quick pass takes, the general parser
// takes too, and writes back as the same characters. Bases of what was read stay within their room.
#include "auth/signature_base.h"
#include "auth/signature_input.h"
#include "wire/structured.h"

using namespace v100;
using namespace v100::auth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text(Bytes(data, size));
  SignatureInput input;
  const SignatureInput::Found found = input.read(text, "v100");
  const bool quick = found == SignatureInput::Found::one && input.params().data() >= text.data() &&
                     input.params().data() < text.data() + text.size();
  if (quick) {
    const auto all = wire::sf::parse_dictionary(text);
    CHECK(all.has_value() && all->size() == 1 && (*all)[0].first == input.label());
    const auto* list = std::get_if<wire::sf::InnerList>(&(*all)[0].second);
    CHECK(list != nullptr && list->items.size() == input.components().size());
    CHECK(*wire::sf::serialize(*list) == input.params());
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      CHECK(std::get<std::string>(list->items[i].value) == input.components()[i].name);
    }
  }
  if (found == SignatureInput::Found::one) {
    const wire::HttpHeader headers[] = {{"content-digest", "sha-256=:AAAA:"}, {"X-A", "1, b=2;c"}};
    const RequestView request{"GET", "https", "A.example:443", "/p?q=%2f&r", headers, {}};
    std::uint8_t room[300];
    BoundedText base(room);
    (void)append_signature_base(base, {.request = &request}, input.components(), input.params());
    BoundedText answer(room);
    (void)append_signature_base(answer, {.request = &request, .status = 204, .headers = headers},
                                input.components(), input.params());
  }
  std::uint8_t signature[4629];
  (void)read_signature(text, "sig1", signature);
  return 0;
}
