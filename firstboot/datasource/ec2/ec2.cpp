#include "firstboot/datasource/ec2/ec2.hpp"

#include <algorithm>
#include <array>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/source/document.hpp"
#include "firstboot/datasource/source/race.hpp"

namespace ingot::firstboot::ec2 {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::string_view, 2> kPlaces{"http://169.254.169.254/", "http://[fd00:ec2::254]/"};
constexpr std::string_view kVersion = "2021-03-23";
constexpr std::string_view kDoing = "asking EC2's metadata service";
constexpr int kOk = 200;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr std::size_t kMostInterfaces = 64;
constexpr std::chrono::milliseconds kOneAnswer = 2s;
/// A machine with many cards needs a hundred answers: each may be quick enough and all of them together not.
constexpr std::chrono::milliseconds kAllAnswers = 15s;

/// A session: where the service is, and the token that every question needs.
class Session {
  public:
    static Result<Session> open(const Environment& environment) {
        std::vector<http::Request> requests;
        for (const auto place : kPlaces) {
            requests.push_back({.method = "PUT",
                                .url = text::format("{}latest/api/token", place),
                                .headers = {"X-aws-ec2-metadata-token-ttl-seconds: 600"},
                                .connect_timeout = 1s,
                                .timeout = kOneAnswer,
                                .response_limit = 4096});
        }
        const auto deadline = environment.clock.monotonic() + kAllAnswers;
        INGOT_ASSIGN(auto answer, first_answer(environment, requests), kDoing);
        if (answer.response.status == kForbidden) {
            return fail(ErrorKind::transient, "the metadata service is switched off for this instance (HTTP 403)");
        }
        const auto token = text::trim(answer.response.body);
        if (answer.response.status != kOk || token.empty() || token.find_first_of("\r\n") != std::string::npos) {
            return fail(ErrorKind::transient,
                        text::format("{}: it gives no session token ({}), and version 1 is not used", kDoing,
                                     describe_status(answer.response)));
        }
        return Session(environment, kPlaces[answer.index], token, deadline);
    }

    /// Below /<version>/; nothing for 404.
    [[nodiscard]] Result<std::optional<std::string>> get(std::string_view path) const {
        const auto url = text::format("{}{}/{}", place_, kVersion, path);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.monotonic());
        if (left <= 0ms) { return too_slow(path); }
        auto answer = ask(*http_, {.url = url,
                                   .headers = {"X-aws-ec2-metadata-token: " + token_},
                                   .connect_timeout = std::min<std::chrono::milliseconds>(left, 1s),
                                   .timeout = std::min(left, kOneAnswer),
                                   .response_limit = 1U << 20U});
        if (!answer) { return left < kOneAnswer ? too_slow(path) : std::move(answer).error().with_context(kDoing); }
        auto& response = *answer;
        if (response.status == kNotFound) { return std::optional<std::string>{}; }
        if (response.status != kOk) {
            return fail(ErrorKind::transient, text::format("{}: {}", kDoing, describe_answer(url, response)));
        }
        return std::optional(std::move(response.body));
    }
    [[nodiscard]] Result<std::string> text_at(std::string_view path) const {
        INGOT_ASSIGN(auto found, get(path), "");
        return std::string(text::trim(found.value_or("")));
    }
    [[nodiscard]] Result<std::vector<std::string>> lines_at(std::string_view path) const {
        INGOT_ASSIGN(auto found, get(path), "");
        std::vector<std::string> lines;
        for (const auto& line : text::lines(found.value_or(""))) {
            if (const auto trimmed = text::trim(line); !trimmed.empty()) { lines.emplace_back(trimmed); }
        }
        return lines;
    }
    [[nodiscard]] const std::string& place() const { return place_; }

  private:
    static Error too_slow(std::string_view path) {
        return fail(ErrorKind::transient, text::format("{}: it is too slow: after {} s {} was still to come", kDoing,
                                                       kAllAnswers / 1s, path));
    }
    Session(const Environment& environment, std::string_view place, std::string_view token, clock::Monotonic deadline)
        : http_(environment.make_http()), clock_(environment.clock), place_(place), token_(token),
          deadline_(deadline) {}
    std::shared_ptr<http::HttpClient> http_;
    clock::Clock& clock_;
    std::string place_;
    std::string token_;
    clock::Monotonic deadline_;
};

/// "0=my-key" lists the keys; each is at 0/openssh-key.
Result<std::vector<std::string>> public_keys(const Session& session) {
    std::vector<std::string> keys;
    INGOT_ASSIGN(const auto names, session.lines_at("meta-data/public-keys/"), "");
    for (const auto& name : names) {
        const auto number = name.substr(0, name.find('='));
        INGOT_ASSIGN(const auto lines, session.lines_at(text::format("meta-data/public-keys/{}/openssh-key", number)),
                     "");
        keys.insert(keys.end(), lines.begin(), lines.end());
    }
    return keys;
}

Result<std::vector<Interface>> interfaces(const Session& session) {
    std::vector<Interface> list;
    INGOT_ASSIGN(const auto macs, session.lines_at("meta-data/network/interfaces/macs/"), "");
    for (const auto& line : macs) {
        if (list.size() >= kMostInterfaces) { break; }
        Interface interface;
        interface.mac = text::lower(line.substr(0, line.find('/')));
        const auto path = [&](std::string_view key) {
            return text::format("meta-data/network/interfaces/macs/{}/{}", interface.mac, key);
        };
        INGOT_ASSIGN(const auto device, session.text_at(path("device-number")), "");
        INGOT_ASSIGN(const auto card, session.text_at(path("network-card")), "");
        interface.device_number = static_cast<int>(text::to_number(device).value_or(0));
        interface.network_card = static_cast<int>(text::to_number(card).value_or(0));
        INGOT_ASSIGN(interface.ipv4, session.lines_at(path("local-ipv4s")), "");
        INGOT_ASSIGN(interface.ipv6, session.lines_at(path("ipv6s")), "");
        INGOT_ASSIGN(interface.ipv4_block, session.text_at(path("subnet-ipv4-cidr-block")), "");
        INGOT_ASSIGN(interface.ipv6_blocks, session.lines_at(path("subnet-ipv6-cidr-blocks")), "");
        list.push_back(std::move(interface));
    }
    return list;
}

Status check_identity(const Machine& machine, const std::string& instance_id) {
    const auto& tag = machine.board_asset_tag;
    if (!tag.starts_with("i-") || tag == instance_id) { return {}; }
    return fail(ErrorKind::refused,
                text::format("the metadata service says instance {}, and this machine is {}: somebody else answers "
                             "for it",
                             instance_id, tag));
}

/// From the identity document, which is the service's own statement, or else from the metadata.
Result<std::string> instance_id(const Session& session) {
    INGOT_ASSIGN(const auto document, session.get("dynamic/instance-identity/document"), "");
    if (document) {
        const auto parsed = json::parse(*document);
        const auto id = parsed ? json::string_at(*parsed, "instanceId") : std::nullopt;
        if (id && !id->empty()) { return *id; }
    }
    return session.text_at("meta-data/instance-id");
}

} // namespace

bool detect(const Machine& machine) {
    constexpr std::size_t kGroup = 8;
    const auto group = machine.uuid.substr(0, kGroup);
    return machine.vendor == "Amazon EC2" || machine.uuid.starts_with("ec2") ||
           (group.size() == kGroup && group.substr(6, 2) == "ec" && group[4] == '2');
}

Result<Metadata> read(const Environment& environment, const Machine& machine) {
    INGOT_ASSIGN(const auto session, Session::open(environment), "");
    Metadata metadata{.datasource = "ec2"};
    INGOT_ASSIGN(metadata.instance_id, instance_id(session), "");
    if (!metadata.instance_id.starts_with("i-") || metadata.instance_id.find_first_of(" <\n") != std::string::npos) {
        return fail(ErrorKind::transient, text::format("{}: it names no instance-id", kDoing));
    }
    INGOT_TRY(check_identity(machine, metadata.instance_id), "");
    INGOT_ASSIGN(metadata.hostname, session.text_at("meta-data/local-hostname"), "");
    INGOT_ASSIGN(metadata.public_keys, public_keys(session), "");
    INGOT_ASSIGN(auto user_data, session.get("user-data"), "");
    metadata.user_data = decode_user_data(std::move(user_data).value_or(""));
    INGOT_ASSIGN(auto cards, interfaces(session), "");
    if (!cards.empty()) { metadata.network = NetworkDescription{.text = network_text(std::move(cards))}; }
    metadata.place = session.place();
    return metadata;
}

} // namespace ingot::firstboot::ec2
