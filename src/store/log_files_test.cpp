// Broken if this fails: a killed server loses acknowledged leaves or forks its log on a real disk.
#include "store/log_files.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <mutex>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/file.h"
#include "io/world.h"
#include "svc/attest/log.h"
#include "testing/world.h"

namespace v100::store {
namespace {

using attest::Log;
using attest::LogKeys;
using merkle::Reference;

const LogKeys& keys() {
  static const std::unique_ptr<LogKeys> out =
      LogKeys::make("log.example/v100/0", LogKeys::Secrets()).value();
  return *out;
}

// Kills its own process before, after or in the middle of its nth call. Syncs are not done: a
// killed process leaves what it wrote to the system.
class KillingDisk final : public Disk {
 public:
  KillingDisk(int at, int how) : at_(at), how_(how) {}
  int open(const char* path, int flags, unsigned mode) override {
    const Point point(*this);
    return Disk::open(path, flags, mode);
  }
  long pwrite(int fd, const void* data, std::size_t bytes, std::int64_t at) override {
    const Point point(*this);
    if (point.hit && how_ == 2) {
      (void)Disk::pwrite(fd, data, bytes / 2, at);
      ::kill(::getpid(), SIGKILL);
    }
    return Disk::pwrite(fd, data, bytes, at);
  }
  int sync(int) override {
    const Point point(*this);
    return 0;
  }
  int sync_all(int) override {
    const Point point(*this);
    return 0;
  }
  int rename(const char* from, const char* to) override {
    const Point point(*this);
    return Disk::rename(from, to);
  }

 private:
  struct Point {
    explicit Point(KillingDisk& disk) : owner(disk), hit(disk.calls_++ == disk.at_) {
      if (hit && owner.how_ == 0) {
        ::kill(::getpid(), SIGKILL);
      }
    }
    ~Point() {
      if (hit) {
        ::kill(::getpid(), SIGKILL);
      }
    }
    Point(const Point&) = delete;
    Point& operator=(const Point&) = delete;
    KillingDisk& owner;
    bool hit;
  };
  const int at_, how_;
  int calls_ = 0;
};

// The loop's part that a log needs: tasks from the writer's thread.
class Tasks {
 public:
  void post(std::move_only_function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    wake_.notify_one();
  }
  void run() {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, std::chrono::microseconds(200), [this] { return !tasks_.empty(); });
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> tasks_;
};

// A log on a folder with everything around it.
class Server {
 public:
  Server(const std::string& folder, std::uint64_t seed, Disk* disk)
      : world_(seed), intake_(0, 4096, random_) {
    files_ = open_log_files({.folder = folder,
                             .post_to_loop = [this](auto task) { tasks_.post(std::move(task)); },
                             .disk = disk})
                 .value();
    auto log =
        Log::open({.publish_every = Duration::milliseconds(1)}, keys(), env(), *files_, intake_);
    if (log) {
      log_ = std::move(*log);
    } else {
      error = log.error().what;
    }
  }
  ~Server() { files_.reset(); }
  Env env() { return {clock_, random_, world_.bus, world_.store, world_.log, world_.meter}; }
  void turn() {
    log_->work(clock_.now());
    tasks_.run();
  }
  void settle() {
    for (int i = 0; i < 2000 && !log_->flush(clock_.now()); ++i) {
      tasks_.run();
    }
  }
  Log& log() { return *log_; }
  merkle::Intake& intake() { return intake_; }
  const char* error = nullptr;

 private:
  testing_world::World world_;
  io::SystemClock clock_;
  io::SystemRandom random_;
  Tasks tasks_;
  merkle::Intake intake_;
  std::unique_ptr<attest::Files> files_;
  std::unique_ptr<Log> log_;
};

// In the child: appends, and tells the parent what is acknowledged, until it is killed.
void serve_until_killed(const std::string& folder, int at, int how, int out) {
  KillingDisk disk(at, how);
  Server server(folder, static_cast<std::uint64_t>(at) + 1, &disk);
  if (server.error != nullptr) {
    ::_exit(3);
  }
  for (int round = 0; round < 300; ++round) {
    const int count = (round * 37 + at) % 19;
    for (int i = 0; i < count; ++i) {
      merkle::Leaf leaf;
      leaf.time = WallTime(round);
      const auto reference = server.intake().append(leaf);
      if (!reference) {
        break;
      }
      server.intake().when_committed(reference->sequence, [=](Result<void> result) {
        const Reference copy = *reference;
        if (result && ::write(out, &copy, sizeof copy) != sizeof copy) {
          ::_exit(4);
        }
      });
    }
    server.turn();
  }
  ::_exit(0);
}

std::string checkpoint_of(const std::string& folder) {
  const Result<Buffer> note = io::read_file(folder + "/public/checkpoint", 1 << 20);
  return note ? std::string(as_text(*note)) : std::string();
}

struct Known {
  std::vector<Reference> acknowledged;
  std::map<std::uint64_t, merkle::Hash> roots;  // of checkpoints that were published
};

void note_root(Known& known, const std::string& note) {
  if (note.empty()) {
    return;
  }
  const auto opened = merkle::open_checkpoint(note, keys().vkeys());
  ASSERT_TRUE(opened.has_value()) << "a published checkpoint is whole";
  const auto& c = opened->checkpoint;
  ASSERT_EQ(known.roots.emplace(c.size, c.root).first->second, c.root) << "a fork";
}

void check(const std::string& folder, Known& known, std::size_t every) {
  Server server(folder, 1, nullptr);
  ASSERT_EQ(server.error, nullptr) << server.error;
  for (std::size_t i = 0; i < known.acknowledged.size();
       i += i + 70 < known.acknowledged.size() ? every : 3) {
    const Reference& reference = known.acknowledged[i];
    const auto text = server.log().receipt(reference);
    ASSERT_TRUE(text.has_value()) << text.error().what;
    const auto read = merkle::verify_receipt(*text, keys().vkeys());
    ASSERT_TRUE(read.has_value()) << read.error().what;
    ASSERT_EQ(read->entry, reference.entry);
  }
  server.settle();
  note_root(known, checkpoint_of(folder));
  merkle::TileTree tree(server.log().published_size(), [&](const merkle::TileId& id) {
    const auto part = server.log().public_file(merkle::tile_path(id));
    return part ? part : server.log().public_file(merkle::tile_path({id.level, id.index, 256}));
  });
  for (const auto& [size, root] : known.roots) {
    if (size > 0 && size <= tree.size()) {
      ASSERT_EQ(tree.range(0, size).value(), root) << size;
    }
  }
}

TEST(LogFiles, KilledAtEveryStepItLosesNothingAcknowledgedAndForksNothing) {
  char name[] = "/tmp/v100-attest-kill-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const std::string folder = name;
  (void)keys();
  Known known;
  int killed = 0, finished = 0;
  for (int at = 0; at < 105; ++at) {
    for (const int how : {0, 1, 2}) {
      int pipe[2];
      ASSERT_EQ(::pipe(pipe), 0);
      const pid_t child = ::fork();
      if (child == 0) {
        ::close(pipe[0]);
        serve_until_killed(folder, at, how, pipe[1]);
      }
      ::close(pipe[1]);
      Reference reference;
      while (::read(pipe[0], &reference, sizeof reference) == sizeof reference) {
        known.acknowledged.push_back(reference);
      }
      ::close(pipe[0]);
      int status = 0;
      ::waitpid(child, &status, 0);
      killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 1 : 0;
      finished += WIFEXITED(status) ? 1 : 0;
      ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << WEXITSTATUS(status);
      note_root(known, checkpoint_of(folder));
      if (at % 10 == 0 || at < 12) {
        check(folder, known, 211);
      }
      ASSERT_FALSE(testing::Test::HasFatalFailure()) << "killed at " << at << ", way " << how;
    }
  }
  check(folder, known, 17);
  RecordProperty("killed", killed);
  EXPECT_GT(killed, 300);
  EXPECT_GT(known.acknowledged.size(), 2000u);
  std::printf("killed %d times, %d ended; %zu leaves acknowledged, %zu checkpoints published\n",
              killed, finished, known.acknowledged.size(), known.roots.size());
  (void)std::system(("rm -rf " + folder).c_str());
}

// A disk that has no room for a while, then has.
class FullDisk final : public Disk {
 public:
  std::atomic<bool> full = false;
  long pwrite(int fd, const void* data, std::size_t bytes, std::int64_t at) override {
    if (full) {
      errno = ENOSPC;
      return -1;
    }
    return Disk::pwrite(fd, data, bytes, at);
  }
  int sync_all(int) override { return 0; }
};

TEST(LogFiles, AFullDiskIsWaitedOut) {
  char name[] = "/tmp/v100-attest-full-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  FullDisk disk;
  {
    Server server(name, 1, &disk);
    ASSERT_EQ(server.error, nullptr);
    const Reference one = server.intake().append({}).value();
    server.settle();
    disk.full = true;
    const Reference two = server.intake().append({}).value();
    for (int i = 0; i < 50; ++i) {
      server.turn();
    }
    EXPECT_TRUE(server.log().failing());
    EXPECT_EQ(server.intake().append({}).error().code, Errc::unavailable);
    EXPECT_TRUE(server.log().receipt(one).has_value()) << "reading goes on";
    disk.full = false;
    for (int i = 0; i < 500 && server.log().failing(); ++i) {
      server.turn();
    }
    server.settle();
    EXPECT_TRUE(server.log().receipt(two).has_value());
    EXPECT_TRUE(server.intake().append({}).has_value());
    struct stat info{};
    ASSERT_EQ(::stat((std::string(name) + "/leaves").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << "salts are in it";
    ASSERT_EQ(::stat((std::string(name) + "/public/tile").c_str(), &info), 0);
    EXPECT_NE(info.st_mode & 0005, 0u) << "a web server may read it";
  }
  (void)std::system(("rm -rf " + std::string(name)).c_str());
}

}  // namespace
}  // namespace v100::store
