// People copy what documentation shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/places/places.hpp"
#include "tests/unit/docs/commands.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

const std::map<std::string, fs::path> kPrograms = {
    {"ingot", INGOT_PROGRAM}, {"ingot-agent", INGOT_AGENT}, {"ingot-install", INGOT_INSTALL}};

std::set<std::string> names() {
    std::set<std::string> names;
    for (const auto& [name, place] : kPrograms) { names.insert(name); }
    return names;
}

TEST(DocumentedCommands, AreFoundInBlocksAndSpans) {
    EXPECT_THAT(commands_in("Type `ingot check FILE`, or `ingot.size` or ingot nothing:\n\n"
                            "    $ sudo build/bin/ingot lab exec db-1 -- ingot-agent status [--wait]   # waits\n"
                            "    tar c . | ssh root@A ingot-agent trust accept && ingot key new\n"
                            "    systemctl restart ingot-agent\n\n"
                            "```sh\ningot build \\\n  db > 'a b'\nx=$(ingot diff 'a b' c)\n```\n",
                            names()),
                ElementsAre(Words{"ingot", "check", "FILE"}, Words{"ingot", "lab", "exec", "db-1"},
                            Words{"ingot-agent", "status", "--wait"}, Words{"ingot-agent", "trust", "accept"},
                            Words{"ingot", "key", "new"}, Words{"ingot", "build", "db"},
                            Words{"ingot", "diff", "a b", "c"}));
}

TEST(DocumentedCommands, AreHeldAgainstTheProgramsHelp) {
    Helped helped(kPrograms);
    EXPECT_EQ(helped.fault_of({"ingot", "lab", "explode"}), "ingot lab has no subcommand explode");
    EXPECT_EQ(helped.fault_of({"ingot", "build", "db", "--formats", "raw"}), "ingot build has no option --formats");
    EXPECT_EQ(helped.fault_of({"ingot-agent", "doctor", "all"}), "ingot-agent doctor takes no all");
    EXPECT_EQ(helped.fault_of({"ingot", "build", "db", "--format", "raw"}), "");
    EXPECT_EQ(helped.fault_of({"ingot-install", "--list"}), "");
}

TEST(DocumentedCommands, AllExist) {
    Helped helped(kPrograms);
    std::vector<fs::path> pages = {source_dir() / "README.md", source_dir() / "ARCHITECTURE.md"};
    const auto names_of_pages = *files::list(source_dir() / "docs");
    for (const auto& name : names_of_pages) {
        if (name.ends_with(".md")) { pages.push_back(source_dir() / "docs" / name); }
    }
    std::size_t commands = 0;
    std::vector<std::string> faults;
    for (const auto& page : pages) {
        for (const auto& command : commands_in(*files::read(page), names())) {
            ++commands;
            const auto fault = helped.fault_of(command);
            if (!fault.empty()) {
                faults.push_back(
                    text::format("{}: {} ({})", page.filename().string(), text::join(command, " "), fault));
            }
        }
    }
    EXPECT_THAT(faults, IsEmpty()) << text::join(faults, "\n");
    EXPECT_GT(commands, 150U) << "most were not seen";
}

} // namespace
} // namespace ingot::tests
