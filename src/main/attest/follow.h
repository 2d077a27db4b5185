// A log as somebody outside sees it: its checkpoints, whether they are of one history, and whether
// all its tiles are there and lead to the signed root.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "main/attest/source.h"

namespace v100::attest_tool {

struct Finding {
  std::string kind;  // "fork", "split-view", "missing-tile", "bad-tile", "unsigned-root",
                     // "shrunk", "unreachable"
  std::string text;
};

// A checkpoint with where it was seen.
struct Sighting {
  std::string place;
  std::string note;
  merkle::Checkpoint checkpoint;
};

class Follower {
 public:
  Follower(std::string log, std::vector<merkle::Vkey> keys, FetchOptions fetch)
      : log_(std::move(log)), keys_(std::move(keys)), fetch_(std::move(fetch)) {}

  const std::vector<Finding>& findings() const noexcept { return findings_; }
  // A checkpoint that the log's keys signed; else a finding, and nothing.
  std::optional<Sighting> look(const std::string& place);
  std::optional<Sighting> look_at_log() { return look(below(log_, "checkpoint")); }
  // That the tiles for the newer one contain the older one. False: a finding was made.
  bool grew(const Sighting& older, const Sighting& newer);
  // Every tile and bundle from leaf `from` on: there, and leading to the signed root. Returns the
  // number of leaves read.
  std::uint64_t audit(std::uint64_t from, const Sighting& newest);

 private:
  void shout(std::string kind, std::string text) {
    findings_.push_back({std::move(kind), std::move(text)});
  }
  void shout_tile(const merkle::TileId& id, const Error& error);
  bool audit_bundle(merkle::GrowingTree& tree, std::uint64_t index, std::uint64_t size);
  bool audit_full(merkle::GrowingTree& tree);
  const std::string log_;
  const std::vector<merkle::Vkey> keys_;
  const FetchOptions fetch_;
  std::vector<Finding> findings_;
};

std::string text_of(const Finding& finding);                // a line
std::string json_of(const std::vector<Finding>& findings);  // an array

}  // namespace v100::attest_tool
