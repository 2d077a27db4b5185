// Broken if this fails: signature headers are read or written in another way than everybody else
// does. `v100 vectors` runs the public suite.
#include "wire/structured.h"

#include <gtest/gtest.h>

namespace v100::wire::sf {
namespace {

TEST(StructuredFields, ReadsASignatureInput) {
  const Dictionary input =
      parse_dictionary(R"(sig1=("@method" "content-digest";req);created=1618884473;keyid="k")")
          .value();
  const auto& list = std::get<InnerList>(*find(input, "sig1"));
  EXPECT_EQ(list.items.size(), 2u);
  EXPECT_EQ(*find(list.items[1].parameters, "req"), BareItem(true));
  EXPECT_EQ(*find(list.parameters, "created"), BareItem(std::int64_t{1618884473}));
  EXPECT_EQ(find(list.parameters, "nonce"), nullptr);
}

}  // namespace
}  // namespace v100::wire::sf
