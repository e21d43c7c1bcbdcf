#include "common/http/http.hpp"
#include "common/http/signed.hpp"

#include <algorithm>

#include <curl/curl.h>

#include "common/text/text.hpp"

namespace ingot::http {

namespace {

struct FreeEasy {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using Easy = std::unique_ptr<CURL, FreeEasy>;
using Headers = std::unique_ptr<curl_slist, FreeList>;

/// Global initialisation, once per process, before any thread uses curl (first CurlClient).
void initialise_curl() {
    static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
    static_cast<void>(kReady);
}

/// What the callbacks of one transfer work on.
struct Transfer {
    Response response;
    std::size_t limit = 0;
    bool too_large = false;
    bool stopped = false;                                        ///< the taker said enough
    const std::function<bool(std::string_view)>* take = nullptr; ///< streaming, else collected
};

/// The callbacks are called from C: they must not throw. Running out of memory ends the transfer.
std::size_t on_body(const char* bytes, std::size_t /*one*/, std::size_t count, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    try {
        if (transfer.take != nullptr) {
            if (!(*transfer.take)({bytes, count})) {
                transfer.stopped = true;
                return CURL_WRITEFUNC_ERROR;
            }
            return count;
        }
        if (transfer.response.body.size() + count > transfer.limit) {
            transfer.too_large = true;
            return CURL_WRITEFUNC_ERROR;
        }
        transfer.response.body.append(bytes, count);
        return count;
    } catch (...) { return CURL_WRITEFUNC_ERROR; }
}

std::size_t on_header(const char* bytes, std::size_t /*one*/, std::size_t count, void* user) noexcept {
    auto& transfer = *static_cast<Transfer*>(user);
    try {
        const std::string_view line(bytes, count);
        constexpr std::size_t kMaximumHeaders = 200;
        const auto colon = line.find(':');
        if (line.starts_with("HTTP/")) {
            transfer.response.headers.clear();
        } else if (colon != std::string_view::npos && transfer.response.headers.size() < kMaximumHeaders) {
            transfer.response.headers[text::lower(line.substr(0, colon))] = text::trim(line.substr(colon + 1));
        }
        return count;
    } catch (...) { return 0; }
}

/// Certificates that do not verify are a matter of trust, not of time.
ErrorKind kind_of(CURLcode code) {
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return ErrorKind::refused;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return ErrorKind::invalid_input;
    default: return ErrorKind::transient;
    }
}

/// A handle, and whether it asks services on the internet.
class Connection {
  public:
    explicit Connection(bool internet) : internet_(internet) { initialise_curl(); }
    Status perform(const Request& request, Transfer& transfer, const std::optional<Signature>& signature = {});

  private:
    Easy easy_;
    bool internet_;
};

// NOLINTBEGIN(cppcoreguidelines-pro-type-vararg,bugprone-multi-level-implicit-pointer-conversion): curl's interface
Status Connection::perform(const Request& request, Transfer& transfer, const std::optional<Signature>& signature) {
    if (!easy_) { easy_.reset(curl_easy_init()); }
    if (!easy_) { return fail(ErrorKind::transient, "libcurl could not be initialised"); }
    CURL* const handle = easy_.get();
    curl_easy_reset(handle); // keeps connections, drops options

    std::string reason(CURL_ERROR_SIZE, '\0');
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason.data());
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    if (!internet_) { curl_easy_setopt(handle, CURLOPT_NOPROXY, "*"); } // metadata and members are behind none
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, long{request.connect_timeout.count()});
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, long{request.timeout.count()});
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
    curl_easy_setopt(handle, CURLOPT_MAXREDIRS, 5L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);

    // No waiting for "100 Continue". Not where it is signed: curl 7.88 signs this header, although it leaves it out.
    curl_slist* collected = signature ? nullptr : curl_slist_append(nullptr, "Expect:");
    for (const auto& header : request.headers) { collected = curl_slist_append(collected, header.c_str()); }
    const Headers headers(collected);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
    if (request.method == "POST" || request.method == "PUT" || !request.body.empty()) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (request.method == "HEAD") { curl_easy_setopt(handle, CURLOPT_NOBODY, 1L); }
    if (request.method != "GET") { curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str()); }
    if (signature) {
        const auto scheme = text::format("aws:amz:{}:{}", signature->region, signature->service);
        curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, scheme.c_str());
        curl_easy_setopt(handle, CURLOPT_USERNAME, signature->access_key.c_str());
        curl_easy_setopt(handle, CURLOPT_PASSWORD, signature->secret_key.c_str());
    }
    if (request.tls) {
        const auto& tls = *request.tls;
        if (!tls.ca_file.empty()) { curl_easy_setopt(handle, CURLOPT_CAINFO, tls.ca_file.c_str()); }
        if (!tls.cert_file.empty()) { curl_easy_setopt(handle, CURLOPT_SSLCERT, tls.cert_file.c_str()); }
        if (!tls.key_file.empty()) { curl_easy_setopt(handle, CURLOPT_SSLKEY, tls.key_file.c_str()); }
        curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    }

    const CURLcode code = curl_easy_perform(handle);
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
    if (code == CURLE_OK || transfer.stopped) { return {}; }
    if (code == CURLE_OPERATION_TIMEDOUT && transfer.take != nullptr && status != 0) { return {}; }
    if (transfer.too_large) {
        return fail(ErrorKind::refused, text::format("{} {}: the answer is larger than {}", request.method,
                                                     request.url, text::human_bytes(request.response_limit)));
    }
    const std::string_view said = reason.c_str();
    return fail(kind_of(code), text::format("{} {}: {}", request.method, request.url,
                                            said.empty() ? curl_easy_strerror(code) : said));
}
// NOLINTEND(cppcoreguidelines-pro-type-vararg,bugprone-multi-level-implicit-pointer-conversion)

} // namespace

struct CurlClient::Impl : Connection {
    Impl() : Connection(false) {}
};
struct InternetClient::Impl : Connection {
    Impl() : Connection(true) {}
};

CurlClient::CurlClient() : impl_(std::make_unique<Impl>()) {}
CurlClient::~CurlClient() = default;
InternetClient::InternetClient() : impl_(std::make_unique<Impl>()) {}
InternetClient::~InternetClient() = default;

Result<Response> CurlClient::send(const Request& request) {
    Transfer transfer;
    transfer.limit = request.response_limit;
    INGOT_TRY(impl_->perform(request, transfer), "");
    return std::move(transfer.response);
}

Status CurlClient::stream(const Request& request, const std::function<bool(std::string_view)>& take) {
    Transfer transfer;
    transfer.take = &take;
    return impl_->perform(request, transfer);
}

Result<Response> InternetClient::send(const InternetRequest& request) {
    Transfer transfer;
    transfer.limit = request.response_limit;
    INGOT_TRY(impl_->perform(request, transfer, request.signature), "");
    return std::move(transfer.response);
}

Status InternetClient::stream(const InternetRequest& request, const std::function<bool(std::string_view)>& take) {
    Transfer transfer;
    transfer.take = &take;
    return impl_->perform(request, transfer, request.signature);
}

} // namespace ingot::http
