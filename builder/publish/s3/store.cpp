#include "builder/publish/s3/store.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

#include "builder/publish/credentials.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish::s3 {

namespace {

constexpr int kGood = 200;
constexpr int kNotGood = 300;
constexpr int kNotFound = 404;
constexpr int kTooMany = 429;
constexpr int kServerErrors = 500;

/// "NoSuchBucket: The specified bucket does not exist"
Error to_error(const http::Response& response, const std::string& what) {
    const auto code = element(response.body, "Code").value_or(text::format("status {}", response.status));
    const auto message = element(response.body, "Message").value_or("");
    const bool later = response.status == kTooMany || response.status >= kServerErrors;
    const auto kind = response.status == kNotFound ? ErrorKind::not_found
                                                   : (later ? ErrorKind::transient : ErrorKind::invalid_input);
    return fail(kind, text::format("{}: {}{}{}", what, code, message.empty() ? "" : ": ", message));
}

/// Reads a part of a file.
Result<std::string> read_part(std::ifstream& file, std::uint64_t size, const std::filesystem::path& path) {
    std::string bytes(size, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(size));
    if (static_cast<std::uint64_t>(file.gcount()) != size) {
        return fail(ErrorKind::refused, path.string() + " became shorter while it was read");
    }
    return bytes;
}

/// In a query, everything but these is escaped; upload ids have slashes and pluses in some storages.
std::string escaped(std::string_view text) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string out;
    for (const char character : text) {
        if (kPlain.find(character) != std::string_view::npos) {
            out += character;
        } else {
            out += text::format("%{:02X}", static_cast<unsigned char>(character));
        }
    }
    return out;
}

} // namespace

Result<Credentials> read_credentials(const std::string& file) {
    Credentials credentials;
    if (file.empty()) {
        INGOT_ASSIGN(credentials.access_key, secret_from("", "AWS_ACCESS_KEY_ID", "access key of the object storage"),
                     "");
        INGOT_ASSIGN(credentials.secret_key,
                     secret_from("", "AWS_SECRET_ACCESS_KEY", "secret key of the object storage"), "");
        return credentials;
    }
    INGOT_ASSIGN(const auto content, read_secret(file, "the keys of the object storage"), "");
    for (const auto& line : text::lines(content.reveal())) {
        const auto equals = line.find('=');
        if (equals == std::string::npos) { continue; }
        const auto name = text::trim(std::string_view(line).substr(0, equals));
        const auto value = std::string(text::trim(std::string_view(line).substr(equals + 1)));
        if (name == "aws_access_key_id") { credentials.access_key = crypto::Secret(value); }
        if (name == "aws_secret_access_key") { credentials.secret_key = crypto::Secret(value); }
    }
    if (credentials.access_key.empty() || credentials.secret_key.empty()) {
        return fail(ErrorKind::invalid_input,
                    file + " does not have both aws_access_key_id and aws_secret_access_key");
    }
    return credentials;
}

http::InternetRequest Store::request(const Ask& ask) const {
    http::InternetRequest request;
    request.method = ask.method;
    request.url = url_of(place_, ask.key) + ask.query;
    request.headers = ask.headers;
    request.headers.push_back("x-amz-content-sha256: " + crypto::sha256_hex(ask.body));
    request.headers.emplace_back("User-Agent: ingot");
    request.body = ask.body;
    request.tls = tls_;
    request.signature = http::Signature{.region = place_.region,
                                        .service = "s3",
                                        .access_key = credentials_.access_key.reveal(),
                                        .secret_key = credentials_.secret_key.reveal()};
    request.connect_timeout = std::chrono::seconds(10);
    request.timeout = patience_.request;
    return request;
}

/// Any answer but those that time may heal; those are asked for again.
Result<http::Response> Store::send(const Ask& ask) {
    const auto prepared = request(ask);
    for (int attempt = 1;; ++attempt) {
        INGOT_TRY(stop_->check(), "");
        auto response = http_.send(prepared);
        const bool later = response ? (response->status == kTooMany || response->status >= kServerErrors)
                                    : response.error().kind == ErrorKind::transient;
        if (!later || attempt == patience_.attempts) { return response; }
        if (!stop_->sleep(patience_.backoff * (1LL << (attempt - 1)))) { return std::move(stop_->check()).error(); }
    }
}

Result<std::optional<std::string>> Store::digest_of(const std::string& key) {
    INGOT_ASSIGN(const auto response, send({.method = "HEAD", .key = key}), "");
    if (response.status == kNotFound) { return std::optional<std::string>(); }
    if (response.status < kGood || response.status >= kNotGood) { return to_error(response, "looking for " + key); }
    const auto found = response.headers.find("x-amz-meta-sha256");
    return std::optional(found == response.headers.end() ? std::string() : found->second);
}

Status Store::put(const std::string& key, const std::filesystem::path& file, const std::string& sha256,
                  const Tell& tell) {
    std::error_code problem;
    const auto size = std::filesystem::file_size(file, problem);
    if (problem) { return fail_errno(problem.value(), "reading " + file.string()); }
    if (size > patience_.part) { return put_in_parts(key, file, sha256, size, tell); }
    INGOT_ASSIGN(auto bytes, files::read(file, patience_.part), "");
    INGOT_ASSIGN(
        const auto response,
        send({.method = "PUT", .key = key, .headers = {"x-amz-meta-sha256: " + sha256}, .body = std::move(bytes)}),
        "");
    if (response.status < kGood || response.status >= kNotGood) { return to_error(response, "uploading " + key); }
    tell(size);
    return {};
}

Status Store::put_in_parts(const std::string& key, const std::filesystem::path& file, const std::string& sha256,
                           std::uint64_t size, const Tell& tell) {
    INGOT_ASSIGN(
        const auto begun,
        send({.method = "POST", .key = key, .query = "?uploads=", .headers = {"x-amz-meta-sha256: " + sha256}}), "");
    const auto id = element(begun.body, "UploadId");
    if (begun.status != kGood || !id) { return to_error(begun, "beginning the upload of " + key); }
    const auto query = "?uploadId=" + escaped(*id);
    const auto work = [&]() -> Status {
        std::ifstream in(file, std::ios::binary);
        std::vector<std::string> etags;
        for (std::uint64_t at = 0; at < size; at += patience_.part) {
            INGOT_ASSIGN(auto bytes, read_part(in, std::min(patience_.part, size - at), file), "");
            const auto end = at + bytes.size();
            INGOT_ASSIGN(const auto response,
                         send({.method = "PUT",
                               .key = key,
                               .query = text::format("?partNumber={}&uploadId={}", etags.size() + 1, escaped(*id)),
                               .body = std::move(bytes)}),
                         "");
            const auto etag = response.headers.find("etag");
            if (response.status != kGood || etag == response.headers.end()) {
                return to_error(response, "uploading a part of " + key);
            }
            etags.push_back(etag->second);
            tell(end);
        }
        INGOT_ASSIGN(const auto done,
                     send({.method = "POST", .key = key, .query = query, .body = render_parts(etags)}), "");
        // "NoSuchUpload": an answer was lost, and the upload is complete. Reading it back tells.
        const bool lost = element(done.body, "Code") == "NoSuchUpload";
        if ((done.status != kGood || element(done.body, "Code")) && !lost) {
            return to_error(done, "completing the upload of " + key);
        }
        return {};
    };
    auto status = work();
    if (status) { return status; }
    const Stop never;
    const auto* const before = std::exchange(stop_, &never);
    const auto aborted = send({.method = "DELETE", .key = key, .query = query});
    stop_ = before;
    auto error = std::move(status).error();
    if (!aborted) { error.message += text::format("; and its parts may be left in the bucket (upload id {})", *id); }
    return error;
}

Result<std::string> Store::read_back(const std::string& key, const Tell& tell) {
    for (int attempt = 1;; ++attempt) {
        INGOT_TRY(stop_->check(), "");
        crypto::Sha256 digest;
        std::uint64_t done = 0;
        auto asked = request({.method = "GET", .key = key});
        asked.timeout = std::chrono::hours(4);
        const auto status = http_.stream(asked, [&](std::string_view bytes) {
            digest.update(bytes);
            done += bytes.size();
            tell(done);
            return !stop_->requested();
        });
        if (status) { return digest.finish_hex(); }
        if (status.error().kind != ErrorKind::transient || attempt == patience_.attempts) { return status.error(); }
        if (!stop_->sleep(patience_.backoff * attempt)) { return std::move(stop_->check()).error(); }
    }
}

Status Store::remove(const std::string& key) {
    INGOT_ASSIGN(const auto response, send({.method = "DELETE", .key = key}), "");
    if (response.status == kNotFound || (response.status >= kGood && response.status < kNotGood)) { return {}; }
    return to_error(response, "removing " + key);
}

} // namespace ingot::builder::publish::s3
