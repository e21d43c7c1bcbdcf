#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "firstboot/journal/journal.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    static const auto kFolder = files::TempDir::create("ingot-fuzz-");
    static const clock::FakeClock kClock;
    const auto path = kFolder->path() / "journal.json";
    fuzz::require(files::write(path, fuzz::text_of(data, size)).has_value());
    // Whatever is there, the agent goes on: a damaged journal is put aside.
    auto journal = firstboot::Journal::open(path, "i-1", kClock);
    fuzz::require(journal.has_value());
    fuzz::require(journal->begin("step").has_value() && journal->finish("step").has_value());
    fuzz::require(firstboot::Journal::open(path, "i-1", kClock)->is_done("step"));
    return 0;
}
