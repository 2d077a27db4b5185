// The native host of a Session.
#include "e2ee/native/host.h"

#include "crypto/aead/aead.h"
#include "crypto/hybrid/x25519.h"

namespace v100::e2ee {

namespace {

template <class... F>
struct Cases : F... {
  using F::operator()...;
};

ByteArray<device_key_bytes> public_bytes(const DevicePrivateKey& key) {
  ByteArray<device_key_bytes> out;
  copy(out, key.public_key().bytes());
  return out;
}

Result<Buffer> gcm_open(const OpenJob& job) {
  if (job.sealed.size() < 16) {
    return fail(Errc::malformed, "shorter than a tag");
  }
  Buffer text = to_buffer(Bytes(job.sealed).first(job.sealed.size() - 16));
  crypto::Aead aead(crypto::AeadAlgorithm::aes_256_gcm, job.key.expose());
  TRY(aead.open(text, Bytes(job.sealed).last<16>(), job.nonce, job.additional));
  return text;
}

Result<Buffer> gcm_seal(const SealJob& job) {
  Buffer text = to_buffer(job.text.expose());
  crypto::Aead aead(crypto::AeadAlgorithm::aes_256_gcm, job.key.expose());
  ByteArray<16> tag;
  aead.seal(tag, text, job.nonce, job.additional);
  append(text, tag);
  return text;
}

Result<Buffer> agree(const X25519Job& job) {
  ByteArray<32> out;
  TRY(x25519::shared(out, job.scalar.expose(), job.point));
  return to_buffer(out);
}

}  // namespace

NativeHost::NativeHost(const DevicePrivateKey& device, RoomId room, Link link, std::string name,
                       Random& random, Now now)
    : device_(device),
      random_(random),
      session_(Session::Config{room, std::move(link), public_bytes(device), std::move(name)},
               random, now) {
  pump(now);
}

void NativeHost::pump(Now now) {
  for (;;) {
    std::vector<Output> outputs = session_.take_outputs();
    if (outputs.empty()) {
      return;
    }
    for (Output& output : outputs) {
      handle(output, now);
    }
  }
}

std::vector<Output> NativeHost::take() { return std::exchange(kept_, {}); }

void NativeHost::answer(JobId id, const Result<Buffer>& result, Now now) {
  if (result) {
    session_.complete(id, *result, now);
  } else {
    session_.fail(id, now);
  }
}

void NativeHost::handle(Output& output, Now now) {
  std::visit(
      Cases{
          [&](SignJob& job) {
            const Result<DeviceSignature> signature =
                device_.sign(job.message, as_bytes(job.context), mldsa::Hedge::fresh(random_));
            answer(job.id,
                   signature ? Result<Buffer>(to_buffer(signature->bytes()))
                             : fail(Errc::unavailable, "signing failed"),
                   now);
          },
          [&](X25519Job& job) { answer(job.id, agree(job), now); },
          [&](SealJob& job) { answer(job.id, gcm_seal(job), now); },
          [&](OpenJob& job) { answer(job.id, gcm_open(job), now); },
          [&](SealDataJob& job) { answer(job.id, seal_data(job.text), now); },
          [&](OpenDataJob& job) {
            const std::expected<Buffer, Drop> text =
                open(job.from, Track::data, Codec::data, job.frame, now.instant);
            answer(job.id, text ? Result<Buffer>(*text) : fail(Errc::unauthenticated, "dropped"),
                   now);
          },
          [&](InstallKey& install) {
            const SenderId sender = sender_id(install.leaf);
            base_keys_.insert_or_assign({sender.value(), install.epoch.value()},
                                        std::move(install.key));
            if (install.leaf != session_.leaf()->id()) {
              frames_->install(sender, install.epoch);
            }
          },
          [&](EraseKey& erase) {
            const SenderId sender = sender_id(erase.leaf);
            frames_->erase(sender, erase.epoch);
            base_keys_.erase({sender.value(), erase.epoch.value()});
            frame_keys_.clear();  // made again where they are still needed
          },
          [&](StartSending& start) {
            frames_->start_sending(start.epoch);
            const SenderId self = session_.leaf()->sender();
            std::erase_if(base_keys_, [&](const auto& entry) {
              return entry.first.first == self.value() && entry.first.second < start.epoch.value();
            });
            frame_keys_.clear();
          },
          [&](ForgetMember& forget) {
            const SenderId sender = sender_id(forget.leaf);
            frames_->forget(sender);
            std::erase_if(base_keys_,
                          [&](const auto& entry) { return entry.first.first == sender.value(); });
            frame_keys_.clear();
          },
          [&](LeafReady& ready) {
            frames_.emplace(ready.leaf.sender());
            kept_.push_back(std::move(output));
          },
          [&](auto&) { kept_.push_back(std::move(output)); },
      },
      output);
}

const BaseKey* NativeHost::base_key(SenderId sender, Epoch epoch) const {
  const auto found = base_keys_.find({sender.value(), epoch.value()});
  return found == base_keys_.end() ? nullptr : &found->second;
}

const BaseKey* NativeHost::base_key(Kid kid) const {
  const std::optional<KidParts> parts = kid_parts(kid);
  for (const auto& [id, key] : base_keys_) {
    if (parts && id.first == parts->sender.value() && (id.second & 0xffff) == parts->epoch_low) {
      return &key;
    }
  }
  return nullptr;
}

bool NativeHost::holds(const LeafId& leaf, Epoch epoch) const {
  return base_key(sender_id(leaf), epoch) != nullptr;
}

const FrameKey* NativeHost::frame_key(Kid kid, const BaseKey& base) {
  return &frame_keys_
              .try_emplace(kid.value(), SframeSuite::aes_256_gcm_sha512_128, base.expose(), kid)
              .first->second;
}

Buffer NativeHost::data_metadata() const { return to_buffer(session_.data_metadata()); }

Result<Buffer> NativeHost::seal_data(Bytes text) {
  const FrameBook::Sealing sealing = TRY(frames_->seal(Track::data, Codec::data, text));
  const FrameKey* const key = frame_key(sealing.kid, *base_key(sealing.kid));
  frames_->sealed(Track::data);
  return key->seal(sealing.counter, data_metadata(), text);
}

Result<Buffer> NativeHost::seal(Track track, Codec codec, Bytes frame) {
  if (!frames_) {
    return fail(Errc::unavailable, "no key to send with yet");
  }
  const FrameBook::Sealing sealing = TRY(frames_->seal(track, codec, frame));
  const FrameKey* const key = frame_key(sealing.kid, *base_key(sealing.kid));
  const Bytes clear = frame.first(sealing.clear);
  Buffer out = to_buffer(clear);
  append(out, key->seal(sealing.counter, clear, frame.subspan(sealing.clear)));
  frames_->sealed(track);
  return out;
}

std::expected<Buffer, Drop> NativeHost::open(const LeafId& from, Track track, Codec codec,
                                             Bytes frame, Instant now) {
  const FrameBook::Source source{sender_id(from), track};
  const std::expected<FrameBook::Opening, Drop> opening = frames_->open(source, codec, frame, now);
  if (!opening) {
    return std::unexpected(opening.error());
  }
  const Bytes clear = frame.first(opening->clear);
  const Buffer metadata = track == Track::data ? data_metadata() : to_buffer(clear);
  const ParsedHeader header{{opening->kid, opening->counter}, opening->header};
  const Result<Buffer> text = frame_key(opening->kid, *base_key(opening->kid))
                                  ->open(header, metadata, frame.subspan(opening->clear));
  if (!text) {
    frames_->drop(source, Drop::forged, now);
    return std::unexpected(Drop::forged);
  }
  if (!frames_->opened(source, *opening, now)) {
    return std::unexpected(Drop::replayed);
  }
  Buffer out = to_buffer(clear);
  append(out, *text);
  return out;
}

}  // namespace v100::e2ee
