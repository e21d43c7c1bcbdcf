// ingot upload PROVIDER IMAGE..., and ingot hetzner list|prune: images where machines are made of them.
#include "builder/cli/commands.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "builder/progress/progress.hpp"
#include "builder/publish/credentials.hpp"
#include "builder/publish/hetzner/leftovers.hpp"
#include "builder/publish/hetzner/snapshots.hpp"
#include "builder/publish/hetzner/upload.hpp"
#include "builder/publish/publish.hpp"
#include "builder/publish/s3/upload.hpp"
#include "common/clock/clock.hpp"
#include "common/json/json.hpp"
#include "common/process/streamed.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::cli {

namespace {

namespace hetzner = publish::hetzner;
namespace s3 = publish::s3;

constexpr auto kNoImage = "IMAGE is missing: the folder of an image, as build/images/db";
constexpr std::size_t kKeep = 3;
constexpr int kHours = 3;

/// What all providers take.
struct Options {
    std::vector<std::string> images{};
    std::string key_file{};
    std::size_t parallel = 2;
    bool json = false;
};

struct HetznerOptions : Options {
    hetzner::UploadOptions upload{};
    std::string labels{};
    std::string token_file{};
    std::optional<std::size_t> keep{};
    bool cleanup = false;
    std::string run{};
    int older_than = kHours;
    hetzner::Filter filter{};
    bool dry_run = false;
};

/// What a run against the API needs; made once per command.
struct Connection {
    hetzner::Account account;
    hetzner::Pace pace{};
    hetzner::RateLimit limit{};
    clock::SystemClock clock{};
    hetzner::Api api() { return {account, pace, limit, clock, publish::Stop::of_signals()}; }
};

Result<std::unique_ptr<Connection>> connect(const HetznerOptions& options) {
    auto connection = std::make_unique<Connection>();
    if (const char* const endpoint = std::getenv("HCLOUD_ENDPOINT"); endpoint != nullptr && *endpoint != '\0') {
        connection->account.endpoint = endpoint;
        while (connection->account.endpoint.ends_with('/')) { connection->account.endpoint.pop_back(); }
    }
    INGOT_TRY(hetzner::check_endpoint(connection->account.endpoint), "");
    INGOT_ASSIGN(connection->account.token,
                 publish::secret_from(options.token_file, "HCLOUD_TOKEN", "token of Hetzner Cloud"), "");
    return connection;
}

Result<std::vector<publish::Image>> open_images(const Options& options) {
    const auto key = options.key_file.empty() ? std::nullopt : std::optional<std::filesystem::path>(options.key_file);
    std::vector<publish::Image> images;
    for (const auto& place : options.images) {
        INGOT_ASSIGN(auto image, publish::open_image(place, key), "");
        if (image.has_signature && !key) {
            std::fprintf(stderr,
                         "ingot: %s is signed, but --key FILE.pub is not given: the signature is not checked\n",
                         place.c_str());
        }
        images.push_back(std::move(image));
    }
    return images;
}

int publish_with(publish::Provider& provider, const std::vector<publish::Image>& images, const Options& options) {
    progress::Progress progress(stderr, progress::Progress::stderr_is_terminal());
    publish::TextReport text(progress);
    publish::JsonReport json;
    publish::Report& report = options.json ? static_cast<publish::Report&>(json) : text;
    const auto outcomes =
        publish::publish_all(provider, images, options.parallel, report, publish::Stop::of_signals());
    if (!options.json) {
        for (const auto& outcome : outcomes) {
            if (outcome.result) {
                std::printf("%s: %s\n", outcome.image.c_str(), outcome.result->text.c_str());
            } else {
                std::fprintf(stderr, "ingot: %s: %s\n", outcome.image.c_str(),
                             outcome.result.error().to_string().c_str());
            }
        }
    }
    return publish::exit_code_of(outcomes);
}

Result<int> clean_up(const HetznerOptions& options) {
    INGOT_ASSIGN(const auto connection, connect(options), "");
    auto api = connection->api();
    INGOT_ASSIGN(const auto result, hetzner::clean_up(api, options.run, std::chrono::hours(options.older_than)), "");
    for (const auto& removed : result.removed) { std::printf("removed %s\n", removed.to_string().c_str()); }
    for (const auto& spared : result.spared) {
        std::printf("left alone: %s, of a run that may be at work; --older-than 0 removes it as well\n",
                    spared.to_string().c_str());
    }
    for (const auto& fault : result.faults) { std::fprintf(stderr, "ingot: %s\n", fault.c_str()); }
    if (result.removed.empty() && result.spared.empty() && result.faults.empty()) {
        std::printf("nothing was left behind\n");
    }
    return result.faults.empty() ? 0 : exit_code(ErrorKind::transient);
}

Result<int> upload(HetznerOptions& options) {
    if (options.cleanup) { return clean_up(options); }
    if (options.images.empty()) { return fail(ErrorKind::invalid_input, kNoImage); }
    INGOT_ASSIGN(options.upload.labels, hetzner::parse_labels(options.labels), "--labels");
    options.upload.keep = options.keep;
    INGOT_ASSIGN(const auto images, open_images(options), "");
    INGOT_ASSIGN(const auto connection, connect(options), "");
    hetzner::Hetzner provider(connection->account, options.upload, connection->pace, process::run_streamed,
                              connection->clock);
    return publish_with(provider, images, options);
}

Result<int> list(const HetznerOptions& options) {
    INGOT_ASSIGN(const auto connection, connect(options), "");
    auto api = connection->api();
    INGOT_ASSIGN(const auto snapshots, hetzner::list_snapshots(api, options.filter), "");
    const auto text = options.json ? json::to_text(hetzner::to_json(snapshots)) : hetzner::render(snapshots);
    std::fputs(text.c_str(), stdout);
    return 0;
}

Result<int> prune(const HetznerOptions& options) {
    INGOT_ASSIGN(const auto connection, connect(options), "");
    auto api = connection->api();
    INGOT_ASSIGN(const auto old, hetzner::prune(api, options.filter, options.keep.value_or(kKeep), options.dry_run),
                 "");
    for (const auto& snapshot : old) {
        std::printf("%s snapshot %lld: %s\n", options.dry_run ? "would delete" : "deleted",
                    static_cast<long long>(snapshot.id), snapshot.description.c_str());
    }
    if (old.empty()) { std::printf("nothing to delete\n"); }
    return 0;
}

void add_common(CLI::App& command, Options& options) {
    command.add_option("IMAGE", options.images, "Folders of images: build/images/db");
    command.add_option("--key", options.key_file, "File of the public key that has to have signed the manifests");
    command.add_option("--parallel", options.parallel, "Images at once")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    command.add_flag("--json", options.json, "Print one JSON object a line: phases, amounts, results");
}

void add_token(CLI::App& command, HetznerOptions& options) {
    command.add_option("--token-file", options.token_file,
                       "File (mode 0600) with the API token; without it the environment's HCLOUD_TOKEN");
}

void add_filter(CLI::App& command, HetznerOptions& options) {
    command.add_option("--role", options.filter.role, "Only of this role");
    command.add_option("--architecture", options.filter.architecture, "Only of this one: x86 or arm")
        ->check(CLI::IsMember({"x86", "arm"}));
}

void add_hetzner_upload(CLI::App& upload_command, Action& action) {
    auto options = std::make_shared<HetznerOptions>();
    auto* command =
        upload_command.add_subcommand("hetzner", "Make snapshots of images in a project of Hetzner Cloud");
    add_common(*command, *options);
    add_token(*command, *options);
    auto& wishes = options->upload.wishes;
    command->add_option("--location", wishes.locations, "Where to make the temporary server: fsn1,nbg1 (any)")
        ->delimiter(',');
    command->add_option("--server-type", wishes.types, "Its types, in this order (the smallest disk that fits)")
        ->delimiter(',');
    command->add_option("--labels", options->labels, "More labels for the snapshots: KEY=VALUE,KEY=VALUE");
    command->add_option("--description", options->upload.description, "Description of the snapshots");
    command
        ->add_option("--keep", options->keep,
                     "Afterwards delete older snapshots of the same role and architecture beyond so many")
        ->check(CLI::Range(1, 1000));
    command->add_flag("--force", options->upload.force, "Also upload what is there already");
    command->add_flag("--ipv6-only", options->upload.ipv6_only, "A temporary server without IPv4 (it is cheaper)");
    command->add_option("--streams", options->upload.streams, "Connections for each disk")
        ->check(CLI::Range(1, 16))
        ->capture_default_str();
    command->add_option("--device", options->upload.device, "The disk in the rescue system")->capture_default_str();
    command->add_option("--ssh-port", options->upload.ssh_port, "The port of ssh in the rescue system")
        ->check(CLI::Range(1, 65535))
        ->capture_default_str();
    auto* cleanup = command->add_flag("--cleanup", options->cleanup,
                                      "Upload nothing; remove servers and keys that ended uploads left behind");
    command->add_option("--run", options->run, "With --cleanup: only of this run")->needs(cleanup);
    command
        ->add_option("--older-than", options->older_than, "With --cleanup: only of runs that began so many hours ago")
        ->needs(cleanup)
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    command->callback([options, &action] { action = [options] { return upload(*options); }; });
}

struct S3Options : Options {
    s3::Place place{};
    std::string credentials_file{};
    std::string ca_file{};
};

Result<int> upload_s3(const S3Options& options) {
    if (options.images.empty()) { return fail(ErrorKind::invalid_input, kNoImage); }
    INGOT_TRY(s3::check(options.place), "");
    INGOT_ASSIGN(const auto images, open_images(options), "");
    INGOT_ASSIGN(const auto credentials, s3::read_credentials(options.credentials_file), "");
    const auto tls = options.ca_file.empty() ? std::nullopt : std::optional(http::Tls{.ca_file = options.ca_file});
    const s3::Patience patience;
    s3::S3 provider(options.place, credentials, tls, patience);
    return publish_with(provider, images, options);
}

void add_s3_upload(CLI::App& upload_command, Action& action) {
    auto options = std::make_shared<S3Options>();
    auto* command = upload_command.add_subcommand("s3", "Put disk, manifest and signature of images into a bucket");
    add_common(*command, *options);
    command->add_option("--endpoint", options->place.endpoint, "Address of the storage: https://HOST[:PORT]")
        ->required();
    command->add_option("--bucket", options->place.bucket, "Name of the bucket, which has to be there")->required();
    command->add_option("--prefix", options->place.prefix, "What the names of the objects begin with");
    command->add_option("--region", options->place.region, "Its region, where the storage has any")
        ->capture_default_str();
    command->add_option(
        "--credentials", options->credentials_file,
        "File (mode 0600) with aws_access_key_id and aws_secret_access_key; without it the environment's "
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    command->add_option("--ca-file", options->ca_file, "Certificates of the storage's own CA");
    command->callback([options, &action] { action = [options] { return upload_s3(*options); }; });
}

} // namespace

void add_upload(CLI::App& app, Action& action) {
    auto* upload_command = app.add_subcommand("upload", "Publish images where machines are made of them");
    upload_command->require_subcommand(1);
    add_hetzner_upload(*upload_command, action);
    add_s3_upload(*upload_command, action);

    auto options = std::make_shared<HetznerOptions>();
    auto* snapshots = app.add_subcommand("hetzner", "Snapshots in a project of Hetzner Cloud");
    snapshots->require_subcommand(1);
    auto* listing = snapshots->add_subcommand("list", "List the snapshots that ingot made");
    add_token(*listing, *options);
    add_filter(*listing, *options);
    listing->add_flag("--json", options->json, "Print JSON");
    listing->callback([options, &action] { action = [options] { return list(*options); }; });
    auto* pruning = snapshots->add_subcommand("prune", "Delete older snapshots that ingot made");
    add_token(*pruning, *options);
    add_filter(*pruning, *options);
    pruning->add_option("--keep", options->keep, "So many of each role and architecture stay (3)")
        ->check(CLI::Range(1, 1000));
    pruning->add_flag("--dry-run", options->dry_run, "Only say which would go");
    pruning->callback([options, &action] { action = [options] { return prune(*options); }; });
}

} // namespace ingot::builder::cli
