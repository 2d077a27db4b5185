// Falcon §3.10, Algorithm 16 (Verify), one by one and in batches. Everything here is public.
#include "crypto/falcon/internal.h"
#include "crypto/keccak/keccak.h"

namespace v100::falcon {
namespace {

// A signature's coded s2 with the room behind it that kernels read.
template <class P>
class Coded {
 public:
  explicit Coded(Bytes signature) : bytes_(signature.size() - Shape<P>::s2_at) {
    std::memcpy(padded_.data(), signature.data() + Shape<P>::s2_at, bytes_);
    std::memset(padded_.data() + bytes_, 0, 16);
  }
  const std::uint8_t* data() const { return padded_.data(); }
  std::size_t bytes() const { return bytes_; }
  // Whether `bits` of coefficients and nothing but zeros as the encoding wants are all there is.
  bool ends_at(std::size_t bits) const {
    const std::size_t used = (bits + 7) / 8;
    if (bits == 0 || (used != bytes_ && bytes_ + Shape<P>::s2_at != P::padded_bytes)) {
      return false;
    }
    unsigned rest = bits % 8 == 0 ? 0 : padded_[used - 1] & (0xffu >> bits % 8);
    for (std::size_t i = used; i < bytes_; ++i) {
      rest |= padded_[i];
    }
    return rest == 0;
  }

 private:
  ByteArray<Signature<P>::size_max + 16> padded_;
  std::size_t bytes_;
};

// s2 of a signature's bytes, header and salt included. False where they are not its one encoding.
template <class P>
bool read_s2(Bytes signature, std::int16_t* s2) {
  const Coded<P> coded(signature);
  return coded.ends_at(kernel().decode(coded.data(), coded.bytes(), s2, P::logn));
}
template <class P>
void read_two(const Bytes (&signatures)[2], std::int16_t* const (&s2)[2], bool (&good)[2]) {
  const Coded<P> coded[2] = {Coded<P>(signatures[0]), Coded<P>(signatures[1])};
  const std::uint8_t* in[2] = {coded[0].data(), coded[1].data()};
  const std::size_t bytes[2] = {coded[0].bytes(), coded[1].bytes()};
  std::size_t bits[2];
  kernel().decode_two(in, bytes, s2, bits, P::logn);
  good[0] = coded[0].ends_at(bits[0]);
  good[1] = coded[1].ends_at(bits[1]);
}

std::unexpected<Error> refused() {
  return fail(Errc::unauthenticated, "falcon: not this key's signature over this message");
}

}  // namespace

template <class P>
PreparedVerifier<P>::PreparedVerifier(const PublicKey<P>& key) noexcept {
  Values<std::uint16_t, Shape<P>::n> h;
  CHECK(unpack_public(key.bytes().data() + 1, h.v, P::logn));
  kernel().prepare(h.v, h_, P::logn);
}

template <class P>
Result<void> PreparedVerifier<P>::verify(Bytes message, const Signature<P>& signature) const {
  using S = Shape<P>;
  Values<std::int16_t, S::n> s2;
  if (!read_s2<P>(signature.bytes(), s2.v)) {
    return refused();
  }
  Values<std::uint16_t, S::n> c;
  hash_to_point(signature.bytes().subspan(1, salt_bytes), message, c.v, P::logn);
  if (kernel().norm(s2.v, h_, c.v, P::logn) > S::norm_max) {
    return refused();
  }
  return {};
}

template <class P>
Result<void> PublicKey<P>::verify(Bytes message, const Signature<P>& signature) const {
  return PreparedVerifier<P>(*this).verify(message, signature);
}

// Items wait by message length until a set of Keccak lanes is full.
template <class P>
class BatchVerifier {
 public:
  using S = Shape<P>;
  static constexpr std::size_t lanes_max = keccak::ShakeBatch::lanes_max;

  BatchVerifier(std::span<const VerifyItem<P>> items, std::span<Verdict> out)
      : items_(items), out_(out) {}

  void run() {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const VerifyItem<P>& item = items_[i];
      CHECK((item.prepared != nullptr) != (item.key != nullptr));
      const Bytes signature = item.signature;
      if (signature.size() <= S::s2_at || signature.size() > Signature<P>::size_max ||
          signature[0] != S::signature_header) {
        out_[i] = Verdict::malformed;
      } else {
        wait(i);
      }
    }
    for (Group& group : groups_) {
      finish(group);
    }
  }

 private:
  struct Group {
    std::size_t message_bytes = 0;
    std::size_t count = 0;
    std::size_t items[lanes_max];
  };

  // Into the group of its length; if there is none and no room for one, the fullest is done first.
  void wait(std::size_t i) {
    const std::size_t bytes = items_[i].message.size();
    Group* chosen = nullptr;
    for (Group& group : groups_) {
      if (group.count > 0 && group.message_bytes == bytes) {
        chosen = &group;
      }
    }
    if (chosen == nullptr) {
      chosen = &groups_[0];
      for (Group& group : groups_) {
        if (chosen->count != 0 && (group.count == 0 || group.count > chosen->count)) {
          chosen = &group;
        }
      }
      finish(*chosen);
      chosen->message_bytes = bytes;
    }
    chosen->items[chosen->count++] = i;
    if (chosen->count == lanes_max) {
      finish(*chosen);
    }
  }

  void finish(Group& group) {
    if (group.count == 0) {
      return;
    }
    Bytes salts[lanes_max], messages[lanes_max];
    Values<std::uint16_t, S::n> c[lanes_max];
    std::uint16_t* cs[lanes_max];
    for (std::size_t lane = 0; lane < group.count; ++lane) {
      const VerifyItem<P>& item = items_[group.items[lane]];
      salts[lane] = item.signature.subspan(1, salt_bytes);
      messages[lane] = item.message;
      cs[lane] = c[lane].v;
    }
    hash_to_points({salts, group.count}, {messages, group.count}, cs, P::logn);
    for (std::size_t lane = 0; lane < group.count; lane += 2) {
      Values<std::int16_t, S::n> s2[2];
      bool good[2];
      const std::size_t first = group.items[lane];
      if (lane + 1 == group.count) {
        good[0] = read_s2<P>(items_[first].signature, s2[0].v);
        out_[first] = judge(items_[first], good[0], s2[0].v, cs[lane]);
        break;
      }
      const std::size_t second = group.items[lane + 1];
      read_two<P>({items_[first].signature, items_[second].signature}, {s2[0].v, s2[1].v}, good);
      out_[first] = judge(items_[first], good[0], s2[0].v, cs[lane]);
      out_[second] = judge(items_[second], good[1], s2[1].v, cs[lane + 1]);
    }
    group.count = 0;
  }

  Verdict judge(const VerifyItem<P>& item, bool readable, const std::int16_t* s2,
                const std::uint16_t* c) {
    if (!readable) {
      return Verdict::invalid;
    }
    const std::uint32_t norm =
        item.prepared != nullptr ? kernel().norm(s2, item.prepared->h_, c, P::logn)
                                 : kernel().norm(s2, PreparedVerifier<P>(*item.key).h_, c, P::logn);
    return norm <= S::norm_max ? Verdict::valid : Verdict::invalid;
  }

  std::span<const VerifyItem<P>> items_;
  std::span<Verdict> out_;
  Group groups_[16];
};

template <class P>
void verify_batch(std::span<const VerifyItem<P>> items, std::span<Verdict> out) {
  CHECK(items.size() == out.size());
  BatchVerifier<P>(items, out).run();
}

template class PreparedVerifier<Falcon512>;
template class PreparedVerifier<Falcon1024>;
template Result<void> PublicKey<Falcon512>::verify(Bytes, const Signature<Falcon512>&) const;
template Result<void> PublicKey<Falcon1024>::verify(Bytes, const Signature<Falcon1024>&) const;
template void verify_batch(std::span<const VerifyItem<Falcon512>>, std::span<Verdict>);
template void verify_batch(std::span<const VerifyItem<Falcon1024>>, std::span<Verdict>);

}  // namespace v100::falcon
