// Records and pending writes of one room.
#include "svc/meeting/kept_room.h"

#include "base/limits.h"
#include "base/text.h"
#include "svc/codec.h"

namespace v100::meeting {

namespace {

constexpr std::uint8_t record_version = 1;

}  // namespace

Buffer encode(const RoomRecord& record) {
  return Encoder()
      .put(record_version)
      .raw(record.host.value())
      .flag(record.lobby)
      .put(static_cast<std::uint64_t>(record.created.value()))
      .put(static_cast<std::uint64_t>(record.last_used.value()))
      .take();
}

Result<RoomRecord> decode_record(Bytes bytes) {
  Decoder in(bytes);
  RoomRecord record;
  const auto version = in.get<std::uint8_t>();
  record.host = e2ee::Fingerprint(in.fixed<32>());
  record.lobby = in.flag();
  record.created = WallTime(static_cast<std::int64_t>(in.get<std::uint64_t>()));
  record.last_used = WallTime(static_cast<std::int64_t>(in.get<std::uint64_t>()));
  if (!in.done() || version != record_version) {
    return fail(Errc::malformed, "meeting: a room's record breaks its format");
  }
  return record;
}

void KeptRoom::write_record() { waiting_[{std::string(rooms_table), id_}] = encode(record_); }

void KeptRoom::write(const Keep& keep) {
  const std::string prefix = id_ + "/";
  for (const KeptStatement& statement : keep.statements) {
    waiting_[{std::string(statements_table), prefix + statement.slot}] = statement.bytes;
  }
  for (const Buffer& issuer : keep.issuers) {
    if (issuer.size() == e2ee::device_key_bytes) {
      const e2ee::Fingerprint fp = e2ee::fingerprint(Bytes(issuer).first<e2ee::device_key_bytes>());
      waiting_[{std::string(issuers_table), prefix + to_hex(fp.value())}] = issuer;
    }
  }
}

Batch KeptRoom::next_batch() {
  Batch batch;
  if (!flying_.empty()) {
    return batch;
  }
  flying_.swap(waiting_);
  for (const auto& [place, value] : flying_) {
    if (value.empty()) {
      batch.erase(place.first, place.second);
    } else {
      batch.put(place.first, place.second, value);
    }
  }
  return batch;
}

void KeptRoom::committed(bool durable) {
  if (!durable) {
    waiting_.merge(flying_);  // what was written again meanwhile stays
  }
  flying_.clear();
}

void KeptRoom::overlay(std::map<std::string, Buffer>& records, std::string_view table) const {
  for (const Writes* const writes : {&flying_, &waiting_}) {
    for (const auto& [place, value] : *writes) {
      if (place.first != table) {
        continue;
      }
      if (value.empty()) {
        records.erase(place.second);
      } else {
        records[place.second] = value;
      }
    }
  }
}

Result<RoomState> KeptRoom::state(Store& store) const {
  RoomState state;
  state.host = record_.host;
  state.lobby = record_.lobby;
  const std::string prefix = id_ + "/";
  std::map<std::string, Buffer> statements;
  for (Record& record : TRY(store.scan(statements_table, prefix, limits::room_statements))) {
    statements.emplace(std::move(record.key), std::move(record.value));
  }
  overlay(statements, statements_table);
  for (auto& [key, value] : statements) {
    state.statements.push_back({key.substr(prefix.size()), std::move(value)});
  }
  std::map<std::string, Buffer> issuers;
  for (Record& record : TRY(store.scan(issuers_table, prefix, limits::room_statements))) {
    issuers.emplace(std::move(record.key), std::move(record.value));
  }
  overlay(issuers, issuers_table);
  for (auto& [key, value] : issuers) {
    state.issuers.push_back(std::move(value));
  }
  return state;
}

}  // namespace v100::meeting
