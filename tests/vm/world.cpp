#include "tests/vm/world.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "common/text/text.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {

namespace fs = std::filesystem;

fs::path vm_image(const std::string& name) {
    const char* const folder = std::getenv("INGOT_VM_IMAGES");
    return (folder == nullptr ? source_dir() / "build/vm-images" : fs::path(folder)) / name;
}

process::Output run(std::vector<std::string> argv) {
    process::PosixProcesses processes;
    auto output = processes.run({.argv = std::move(argv)});
    if (!output) { return {.exit_code = -1, .err = output.error().to_string()}; }
    return *std::move(output);
}

Cluster::Cluster(const std::string& name) {
    const auto made = run({INGOT_PROGRAM, "cluster", "init", name, "--directory", folder_.path().string()});
    EXPECT_EQ(made.exit_code, 0) << made.out << made.err;
}

std::string Cluster::user_data(const std::string& role) const {
    const auto said = run({INGOT_PROGRAM, "user-data", role, "--cluster", (folder_.path() / "cluster.yaml").string(),
                           "--secrets", (folder_.path() / "secrets.yaml").string()});
    EXPECT_EQ(said.exit_code, 0) << said.err;
    return said.out;
}

std::vector<std::string> uefi_firmware(const fs::path& variables) {
    if (!fs::exists(variables)) { fs::copy_file("/usr/share/OVMF/OVMF_VARS_4M.fd", variables); }
    return {"-machine", "q35",
            "-drive",   "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
            "-drive",   text::format("if=pflash,format=raw,unit=1,file={}", variables.string())};
}

} // namespace ingot::tests
