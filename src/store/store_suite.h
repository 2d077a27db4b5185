// What every Store must do, as GoogleTest cases: a program includes this once and instantiates
// StoreSuite with its own StoreFixture.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "svc/service.h"

namespace v100::store {

class StoreFixture {
 public:
  virtual ~StoreFixture() = default;
  virtual Store& store() = 0;
  virtual void turn() = 0;  // runs what the store handed to the loop; waits if it must
};
using MakeFixture = std::function<std::unique_ptr<StoreFixture>()>;

class StoreSuite : public testing::TestWithParam<MakeFixture> {
 protected:
  void SetUp() override { fixture_ = GetParam()(); }
  Store& store() { return fixture_->store(); }

  void put(std::string_view key, std::string_view value, std::string_view table = "things") {
    Batch batch;
    batch.put(table, key, as_bytes(value));
    commit(std::move(batch));
  }
  void erase(std::string_view key) {
    Batch batch;
    batch.erase("things", key);
    commit(std::move(batch));
  }
  void commit(Batch batch) {
    ++owed_;
    store().commit(std::move(batch), [this](Result<void> result) {
      EXPECT_TRUE(result.has_value()) << result.error().what;
      --owed_;
    });
  }
  void settle() {
    while (owed_ > 0) {
      fixture_->turn();
    }
  }
  std::string get(std::string_view key, std::string_view table = "things") {
    const Result<Buffer> value = store().get(table, key);
    return value ? std::string(as_text(*value)) : name(value.error().code);
  }
  std::string keys(std::string_view prefix, std::size_t limit = 100) {
    const Result<std::vector<Record>> records = store().scan("things", prefix, limit);
    EXPECT_TRUE(records.has_value());
    std::string out;
    for (const Record& record : *records) {
      out += record.key + "=" + std::string(as_text(record.value)) + " ";
    }
    return out;
  }

  std::unique_ptr<StoreFixture> fixture_;
  int owed_ = 0;
};

TEST_P(StoreSuite, GivesBackWhatWasPut) {
  EXPECT_EQ(get("a"), "not_found");
  put("a", "1");
  put("a", "2");
  put("a", "other", "elsewhere");
  EXPECT_EQ(get("a"), "2");  // before it is durable
  settle();
  EXPECT_EQ(get("a"), "2");
  EXPECT_EQ(get("a", "elsewhere"), "other");
  EXPECT_EQ(get("a", "nowhere"), "not_found");
  erase("a");
  EXPECT_EQ(get("a"), "not_found");
  settle();
  EXPECT_EQ(get("a"), "not_found");
}

TEST_P(StoreSuite, KeysAndValuesAreAnyBytes) {
  const std::string key("\x00\xff'\"%\n", 6);
  const std::string value("\x00\x01\xff", 3);
  put(key, value);
  put("", "empty key");
  put("empty value", "");
  settle();
  EXPECT_EQ(get(key), value);
  EXPECT_EQ(get(""), "empty key");
  EXPECT_EQ(get("empty value"), "");
}

TEST_P(StoreSuite, ScansInOrderAcrossWhatIsAndIsNotYetDurable) {
  for (const char* key : {"b/2", "a/1", "b/1", "b/3", "c/1", "b"}) {
    put(key, "x");
  }
  EXPECT_EQ(keys("b/"), "b/1=x b/2=x b/3=x ");
  settle();
  erase("b/1");
  put("b/25", "y");
  put("b/3", "z");
  EXPECT_EQ(keys("b/"), "b/2=x b/25=y b/3=z ");
  EXPECT_EQ(keys("b/", 1), "b/2=x ");
  settle();
  EXPECT_EQ(keys("b/", 2), "b/2=x b/25=y ");
  EXPECT_EQ(keys("nothing"), "");
  EXPECT_EQ(keys("").substr(0, 8), "a/1=x b=");
  const std::string high = "\xff\xff";
  put(high + "1", "h");
  EXPECT_EQ(keys(high), high + "1=h ");
  settle();
  EXPECT_EQ(keys(high), high + "1=h ");
}

TEST_P(StoreSuite, ABatchIsOneAndDonesComeInOrderInALaterTurn) {
  Batch batch;
  batch.put("things", "a", as_bytes("1"));
  batch.put("things", "b", as_bytes("2"));
  batch.erase("things", "a");
  std::vector<int> order;
  bool inside = true;
  store().commit(std::move(batch), [&](Result<void> result) {
    EXPECT_TRUE(result.has_value());
    EXPECT_FALSE(inside);
    order.push_back(1);
  });
  store().commit(Batch(), [&](Result<void> result) {
    EXPECT_TRUE(result.has_value());
    order.push_back(2);
  });
  inside = false;
  while (order.size() < 2) {
    fixture_->turn();
  }
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
  EXPECT_EQ(get("a"), "not_found");
  EXPECT_EQ(get("b"), "2");
}

TEST_P(StoreSuite, ManyCommitsOfOneKeyEndWithTheLast) {
  for (int i = 0; i < 500; ++i) {
    put("k", std::to_string(i));
    EXPECT_EQ(get("k"), std::to_string(i));
  }
  settle();
  EXPECT_EQ(get("k"), "499");
}

TEST_P(StoreSuite, LargeRecords) {
  const std::string large(300000, 'x');
  put("large", large);
  settle();
  EXPECT_EQ(get("large"), large);
}

}  // namespace v100::store
