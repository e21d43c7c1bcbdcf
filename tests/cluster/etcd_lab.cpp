#include "tests/cluster/etcd_lab.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

constexpr int kKeys = 5; ///< of each generation

/// cluster.yaml as `ingot cluster init` writes it, with another shape.
std::string reshape(std::string text, const Shape& shape) {
    for (const auto& [key, count] : {std::pair{"db", shape.db}, std::pair{"proxy", shape.proxy}}) {
        for (int before = 1; before <= 3; ++before) {
            text = text::replace_all(text, text::format("\n  {}: {}\n", key, before),
                                     text::format("\n  {}: {}\n", key, count));
        }
    }
    if (shape.founders == 1) {
        std::string kept;
        for (const auto& line : text::lines(text)) {
            if (line.find("etcd-2:") == std::string::npos && line.find("etcd-3:") == std::string::npos) {
                kept += line + "\n";
            }
        }
        text = kept;
    }
    return text;
}

std::string host_of(const std::string& url) {
    const auto start = url.find("://") + 3;
    return url.substr(start, url.rfind(':') - start);
}

} // namespace

bool EtcdLab::prepare(const Shape& shape) {
    driver_.down();
    generations_.clear();
    folder_.reset();
    auto folder = files::TempDir::create("ingot-etcd-lab-");
    if (!folder) { return false; }
    folder_.emplace(*std::move(folder));
    process::PosixProcesses processes;
    const auto path = folder_->path();
    const auto made =
        processes.run({.argv = {INGOT_PROGRAM, "cluster", "init", driver_.name(), "--directory", path.string()}});
    if (!made || made->exit_code != 0) {
        std::printf("%s\n", made ? made->err.c_str() : made.error().to_string().c_str());
        return false;
    }
    const auto file = path / "cluster.yaml";
    const auto text = files::read(file);
    if (!text || !files::write(file, reshape(*text, shape))) { return false; }
    const auto up = driver_.lab({"up", file.string(), "--images", driver_.images(), "--cold"});
    if (up.exit_code != 0) { std::printf("%s%s\n", up.out.c_str(), up.err.c_str()); }
    return up.exit_code == 0;
}

bool EtcdLab::order(const std::string& verb, const std::vector<std::string>& machines) {
    std::vector<std::string> words = {verb};
    words.insert(words.end(), machines.begin(), machines.end());
    const auto output = driver_.lab(words);
    if (output.exit_code != 0) { std::printf("%s: %s\n", verb.c_str(), output.err.c_str()); }
    return output.exit_code == 0;
}

bool EtcdLab::start(const std::vector<std::string>& machines, const std::string& option) {
    std::vector<std::string> words = {"start"};
    words.insert(words.end(), machines.begin(), machines.end());
    if (!option.empty()) { words.push_back("--option=" + option); }
    const auto output = driver_.lab(words);
    if (output.exit_code != 0) { std::printf("start: %s\n", output.err.c_str()); }
    return output.exit_code == 0;
}

std::string EtcdLab::add(const std::string& role, const std::string& hostname) {
    std::vector<std::string> words = {"add", role};
    if (!hostname.empty()) { words.push_back("--hostname=" + hostname); }
    const auto output = driver_.lab(words);
    if (output.exit_code != 0) { std::printf("add: %s\n", output.err.c_str()); }
    return output.exit_code == 0 ? std::string(text::trim(output.out)) : std::string();
}

bool EtcdLab::be_impatient(const std::string& machine) {
    constexpr const char* kWrite = "mkdir -p /etc/ingot && echo '{\"replace_after_seconds\": 8}' > "
                                   "/etc/ingot/etcd-settings.json";
    // A machine that has just been switched on takes no orders yet.
    return LabDriver::wait(std::chrono::seconds(30),
                           [&] { return driver_.exec(machine, {"sh", "-c", kWrite}).exit_code == 0; })
        .has_value();
}

process::Output EtcdLab::etcdctl(const std::string& machine, std::vector<std::string> words) {
    std::vector<std::string> command = {"etcdctl",
                                        "--endpoints=https://127.0.0.1:2379",
                                        "--cacert=/etc/ingot/pki/ca-etcd.crt",
                                        "--cert=/etc/ingot/pki/node.crt",
                                        "--key=/etc/ingot/pki/node.key",
                                        "--command-timeout=8s"};
    command.insert(command.end(), words.begin(), words.end());
    return driver_.exec(machine, std::move(command));
}

std::optional<std::vector<EtcdMemberView>> EtcdLab::members(const std::string& machine) {
    const auto output = etcdctl(machine, {"member", "list", "--write-out=json", "--hex"});
    const auto document = json::parse(output.out);
    if (output.exit_code != 0 || !document) { return std::nullopt; }
    std::vector<EtcdMemberView> members;
    for (const auto& entry : json::member(*document, "members")) {
        const auto& urls = json::member(entry, "peerURLs");
        members.push_back(
            {.name = json::string_at(entry, "name").value_or(""),
             .address = urls.is_array() && !urls.empty() ? host_of(urls.front().get<std::string>()) : "",
             .id = json::string_at(entry, "ID").value_or(""),
             .learner = json::flag_at(entry, "isLearner")});
    }
    return members;
}

std::string EtcdLab::cluster_id(const std::string& machine) {
    const auto output = etcdctl(machine, {"member", "list", "--write-out=json", "--hex"});
    const auto document = json::parse(output.out);
    if (output.exit_code != 0 || !document) { return {}; }
    return json::string_at(json::member(*document, "header"), "cluster_id").value_or("");
}

std::string EtcdLab::agent_says(const std::string& machine) {
    for (const auto& view : driver_.status()) {
        if (view.name == machine) { return view.agent + ": " + view.detail; }
    }
    return "no such machine";
}

bool EtcdLab::write_keys(const std::string& machine, const std::string& name) {
    const auto generation = text::replace_all(name, " ", "-"); // keys of etcdctl's txn end at a blank
    // One transaction: all of them or none.
    std::string script = "printf '\\n";
    for (int index = 0; index < kKeys; ++index) {
        script += text::format("put /test/{}/{} {}-{}\\n", generation, index, generation, index);
    }
    script += "\\n\\n' | etcdctl --endpoints=https://127.0.0.1:2379 --cacert=/etc/ingot/pki/ca-etcd.crt "
              "--cert=/etc/ingot/pki/node.crt --key=/etc/ingot/pki/node.key txn";
    const auto wrote = LabDriver::wait(std::chrono::seconds(30),
                                       [&] { return driver_.exec(machine, {"sh", "-c", script}).exit_code == 0; });
    if (wrote) { generations_.insert(generation); }
    return wrote.has_value();
}

std::set<std::string> EtcdLab::missing_keys(const std::string& machine, bool serializable) {
    std::vector<std::string> words = {"get", "/test/", "--prefix"};
    if (serializable) { words.emplace_back("--consistency=s"); }
    const auto lines = text::lines(etcdctl(machine, words).out);
    std::set<std::string> missing;
    for (const auto& generation : generations_) {
        for (int index = 0; index < kKeys; ++index) {
            const auto key = text::format("/test/{}/{}", generation, index);
            const auto found = std::ranges::find(lines, key);
            const bool right = found != lines.end() && found + 1 != lines.end() &&
                               *(found + 1) == text::format("{}-{}", generation, index);
            if (!right) { missing.insert(key); }
        }
    }
    return missing;
}

std::string EtcdLab::look(const std::vector<std::string>& machines) {
    std::set<std::string> wanted;
    for (const auto& view : driver_.status()) {
        if (std::ranges::find(machines, view.name) == machines.end()) { continue; }
        wanted.insert(view.address);
        if (view.agent != "ready" || !view.healthy) {
            return text::format("{} is {}: {}", view.name, view.agent, view.detail);
        }
    }
    for (const auto& machine : machines) {
        const auto listed = members(machine);
        if (!listed) { return machine + " lists no members"; }
        std::set<std::string> present;
        for (const auto& member : *listed) {
            present.insert(member.address);
            if (member.learner) { return text::format("{} is a learner still", member.name); }
        }
        if (present != wanted) {
            const std::vector<std::string> names(present.begin(), present.end());
            return text::format("{} lists {}", machine, text::join(names, ", "));
        }
        const auto missing = missing_keys(machine);
        if (!missing.empty()) { return text::format("{} has no {}", machine, *missing.begin()); }
    }
    return {};
}

std::string EtcdLab::whole(const std::vector<std::string>& machines, std::chrono::seconds patience) {
    std::string problem = "never looked";
    const auto done = LabDriver::wait(patience, [&] {
        problem = look(machines);
        return problem.empty();
    });
    if (!done) { problem += "\n" + driver_.lab({"status"}).out; }
    return problem;
}

std::string EtcdLab::says(const std::string& machine, const std::string& text, std::chrono::seconds patience) {
    std::string said;
    const auto done = LabDriver::wait(patience, [&] {
        said = agent_says(machine);
        return said.find(text) != std::string::npos;
    });
    return done ? std::string() : said;
}

} // namespace ingot::tests
