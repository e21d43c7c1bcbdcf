#include "tests/component/installer/small_image.hpp"

#include <random>

#include <unistd.h>

#include "builder/artefacts/artefacts.hpp"
#include "builder/spec/spec.hpp"

namespace ingot::tests {

namespace {

/// What no compressor makes smaller, so that there is something to fetch; the same every time.
std::string noise(std::size_t size) {
    std::mt19937_64 source(7);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) { byte = static_cast<char>(source()); }
    return bytes;
}

} // namespace

Result<SmallImage> make_small_image() {
    SmallImage image;
    INGOT_ASSIGN(auto folder, files::TempDir::create("ingot-small-"), "");
    image.folder.emplace(std::move(folder));
    INGOT_ASSIGN(image.key, crypto::make_signing_key(), "");
    const auto tree = image.folder->path() / "tree";
    constexpr std::size_t kNoise = 24U << 20U;
    INGOT_TRY(files::write(tree / "boot/vmlinuz-6.12", noise(kNoise)), "");
    INGOT_TRY(files::write(tree / "boot/initrd.img-6.12", "initrd"), "");
    INGOT_TRY(files::write(tree / "etc/os-release", "ID=debian\n"), "");
    INGOT_TRY(files::make_directory(tree / "var/lib"), "");
    INGOT_TRY(files::write(image.public_key(), image.key.public_pem), "");
    process::PosixProcesses processes;
    builder::artefacts::Companions companions;
    companions.signature = [&](std::string_view manifest) { return crypto::sign(image.key.private_pem, manifest); };
    INGOT_TRY(
        builder::artefacts::write_artefacts(
            processes, tree, image.folder->path(),
            {.formats = {builder::spec::Format::raw, builder::spec::Format::raw_zst, builder::spec::Format::netboot},
             .seed = "seed",
             .command_line = "rw",
             .free_bytes = 16U << 20U,
             .installer = INGOT_INSTALL,
             .public_key = image.key.public_pem},
            {.role = "small", .date = 1'700'000'000}, companions),
        "");
    return image;
}

process::Output run(std::vector<std::string> argv, const std::string& input) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = std::move(argv), .input = input});
    if (!output) { return {.exit_code = -1, .err = output.error().to_string()}; }
    return *std::move(output);
}

void WithSmallImage::SetUpTestSuite() {
    if (::geteuid() != 0) { return; }
    auto made = make_small_image();
    ASSERT_TRUE(made) << made.error().to_string();
    image_.emplace(*std::move(made));
}

void WithSmallImage::TearDownTestSuite() { image_.reset(); }

void WithSmallImage::SetUp() {
    if (::geteuid() != 0) { GTEST_SKIP() << "an image's owners and loop devices need root"; }
    folder_.emplace(*files::TempDir::create("ingot-installer-test-"));
}

} // namespace ingot::tests
