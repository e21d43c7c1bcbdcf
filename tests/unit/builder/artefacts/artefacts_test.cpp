#include "builder/artefacts/artefacts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"

namespace ingot::builder::artefacts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Stands for mksquashfs: writes a file, or fails.
class FakePacker final : public process::Processes {
  public:
    Result<process::Output> run(const process::Command& command) override {
        if (fails) { return process::Output{.exit_code = 1, .err = "no space left"}; }
        INGOT_TRY(files::write(command.argv.at(2), "squashed"), "");
        return process::Output{};
    }
    bool fails = false;
};

class WritingArtefacts : public testing::Test {
  protected:
    WritingArtefacts() : folder_(*files::TempDir::create()), output_(folder_.path() / "out") {
        EXPECT_TRUE(files::write(folder_.path() / "tree/etc/motd", "hello\n"));
    }
    Result<Manifest> write(const std::string& inputs) {
        return write_artefacts(packer_, folder_.path() / "tree", output_, {.formats = {spec::Format::squashfs}},
                               {.role = "db", .inputs = inputs});
    }
    files::TempDir folder_;
    std::filesystem::path output_;
    KnownDigests digests_{folder_.path() / "digests"};
    FakePacker packer_;
};

TEST_F(WritingArtefacts, DescribesEveryFile) {
    const auto manifest = write("one");
    ASSERT_TRUE(manifest) << manifest.error().to_string();
    ASSERT_EQ(manifest->files.size(), 1U);
    EXPECT_EQ(manifest->files[0], (ManifestFile{"root.squashfs", 8, crypto::sha256_hex("squashed")}));
    EXPECT_THAT(*files::list(output_ / "db"), ElementsAre("manifest.json", "root.squashfs"));
    EXPECT_THAT(*files::list(output_), ElementsAre("db")) << "nothing half-made is left";
}

TEST_F(WritingArtefacts, AreUpToDateUntilInputsOrFilesChange) {
    ASSERT_TRUE(write("one"));
    EXPECT_TRUE(up_to_date(output_, "db", "one", digests_));
    EXPECT_FALSE(up_to_date(output_, "db", "two", digests_));
    EXPECT_FALSE(up_to_date(output_, "etcd", "one", digests_));
    ASSERT_TRUE(files::write(output_ / "db/root.squashfs", "squasheD"));
    EXPECT_FALSE(up_to_date(output_, "db", "one", digests_));
}

TEST_F(WritingArtefacts, ReplacesTheImageBefore) {
    ASSERT_TRUE(write("one"));
    ASSERT_TRUE(write("two"));
    EXPECT_TRUE(up_to_date(output_, "db", "two", digests_));
    EXPECT_THAT(*files::list(output_), ElementsAre("db"));
}

TEST_F(WritingArtefacts, LeavesTheImageBeforeAloneWhenPackingFails) {
    ASSERT_TRUE(write("one"));
    packer_.fails = true;
    const auto result = write("two");
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().to_string(), HasSubstr("no space left"));
    EXPECT_TRUE(up_to_date(output_, "db", "one", digests_));
    EXPECT_THAT(*files::list(output_), ElementsAre("db"));
}

TEST_F(WritingArtefacts, ReplacesNothingButAnImage) {
    ASSERT_TRUE(files::write(output_ / "db/PG_VERSION", "17"));
    const auto result = write("one");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::refused);
    EXPECT_THAT(result.error().message, HasSubstr("is not an image of ingot"));
    EXPECT_THAT(result.error().message, HasSubstr("--output"));
    EXPECT_EQ(*files::read(output_ / "db/PG_VERSION"), "17");
    EXPECT_THAT(*files::list(output_), ElementsAre("db"));
}

TEST_F(WritingArtefacts, ReplacesNoImageThatAPersonPutSomethingInto) {
    ASSERT_TRUE(write("one"));
    ASSERT_TRUE(files::write(output_ / "db/manifest.json.sig", "signature"));
    ASSERT_TRUE(write("two")) << "a signature is a part of the image";
    ASSERT_TRUE(files::write(output_ / "db/notes.txt", "keep me"));
    const auto result = write("three");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::refused);
    EXPECT_THAT(result.error().message, HasSubstr("notes.txt"));
    EXPECT_EQ(*files::read(output_ / "db/notes.txt"), "keep me");
    EXPECT_TRUE(up_to_date(output_, "db", "two", digests_));
}

TEST_F(WritingArtefacts, RemovesWhatAKilledBuildLeft) {
    ASSERT_TRUE(files::write(output_ / ".db.new-1/root.squashfs", "half"));
    ASSERT_TRUE(write("one"));
    EXPECT_THAT(*files::list(output_), ElementsAre("db"));
}

TEST(ArtefactInputs, AreTheTreeAndTheFormats) {
    const Packing squashfs{.formats = {spec::Format::squashfs}};
    const auto inputs = inputs_of("tree", squashfs);
    EXPECT_NE(inputs, inputs_of("other", squashfs));
    EXPECT_NE(inputs, inputs_of("tree", {.formats = {spec::Format::squashfs, spec::Format::tar_zst}}));
    EXPECT_NE(inputs, inputs_of("tree", {.formats = {spec::Format::squashfs}, .command_line = "quiet"}));
    EXPECT_NE(inputs, inputs_of("tree", {.formats = {spec::Format::squashfs}, .free_bytes = 1}));
    EXPECT_EQ(inputs_of("tree", {.formats = {spec::Format::netboot}}),
              inputs_of("tree", {.formats = {spec::Format::squashfs, spec::Format::netboot}}))
        << "the same files";
    EXPECT_THAT(file_names(spec::Format::tar_zst), ElementsAre("root.tar.zst"));
    EXPECT_THAT(file_names(spec::Format::netboot), ElementsAre("boot.ipxe", "initrd", "root.squashfs", "vmlinuz"));
}

} // namespace
} // namespace ingot::builder::artefacts
