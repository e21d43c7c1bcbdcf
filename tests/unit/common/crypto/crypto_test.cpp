// Digests, encodings, secrets, SCRAM: against published vectors.
#include "common/crypto/crypto.hpp"

#include <regex>
#include <set>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::crypto {
namespace {

TEST(Base64, MatchesTheVectorsOfRfc4648) {
    const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(base64_encode(plain), encoded);
        EXPECT_EQ(base64_decode(encoded).value(), plain);
    }
    EXPECT_EQ(base64_decode(" Zm9v\n YmFy\n").value(), "foobar");
    EXPECT_EQ(base64_decode(base64_encode(std::string("\0\xff\x10", 3))).value(), std::string("\0\xff\x10", 3));
}

TEST(Base64, RefusesWhatIsNoBase64) {
    for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "Zm9v=", "Zm-v", "Zm9v\xff", "=", "Zg==Zg==", "Zh=="}) {
        const auto decoded = base64_decode(text);
        ASSERT_FALSE(decoded.has_value()) << text;
        EXPECT_EQ(decoded.error().kind, ErrorKind::invalid_input);
    }
}

TEST(Sha256, MatchesTheVectorsOfFips180) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    Sha256 digest;
    digest.update("a");
    digest.update("bc");
    EXPECT_EQ(digest.finish_hex(), sha256_hex("abc"));
}

TEST(Sha256, ReadsFiles) {
    const auto folder = files::TempDir::create().value();
    ASSERT_TRUE(files::write(folder.path() / "f", std::string(1'000'000, 'a')).has_value());
    EXPECT_EQ(sha256_file(folder.path() / "f").value(),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(sha256_file(folder.path() / "none").error().kind, ErrorKind::not_found);
}

TEST(Random, GivesUuidsAndPasswordsOfTheRightForm) {
    std::set<std::string> seen;
    for (int round = 0; round < 100; ++round) {
        const auto uuid = random_uuid();
        EXPECT_TRUE(
            std::regex_match(uuid, std::regex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")))
            << uuid;
        seen.insert(uuid);
        const auto password = random_password(31);
        EXPECT_TRUE(std::regex_match(password.reveal(), std::regex("[A-Za-z0-9]{31}")));
        seen.insert(password.reveal());
    }
    EXPECT_EQ(seen.size(), 200U);
}

TEST(SecretText, CannotBePrintedAndIsEmptyAfterAMove) {
    static_assert(!std::is_convertible_v<Secret, std::string>);
    for (const auto* text : {"short", "a text too long for the small buffer of a string"}) {
        Secret first{std::string(text)};
        Secret second = std::move(first);
        EXPECT_EQ(second.reveal(), text);
        EXPECT_TRUE(first.empty()); // NOLINT(bugprone-use-after-move): that is the question
        Secret third;
        third = second;
        EXPECT_EQ(third.reveal(), text);
        third = std::move(second);
        EXPECT_EQ(third.reveal(), text);
    }
}

TEST(Scram, MatchesAVerifierMadeByPostgres) {
    const auto salt = base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==").value();
    EXPECT_EQ(scram_verifier(Secret("pencil"), salt).value(),
              "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
              "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(Scram, RefusesPasswordsThatNeedSaslprep) {
    for (const auto* password : {"", "grün", "a\tb", "a\n"}) {
        const auto verifier = scram_verifier(Secret(password), "salt");
        ASSERT_FALSE(verifier.has_value());
        EXPECT_EQ(verifier.error().kind, ErrorKind::invalid_input);
    }
}

TEST(Scram, KnowsAVerifierFromOtherTexts) {
    const auto good = scram_verifier(Secret("x"), random_bytes(16)).value();
    EXPECT_TRUE(is_scram_verifier(good));
    EXPECT_FALSE(is_scram_verifier(good + "A"));
    EXPECT_FALSE(is_scram_verifier(" " + good));
    EXPECT_FALSE(is_scram_verifier(good.substr(0, good.size() - 4)));
    for (const auto* text :
         {"", "secret", "md55f4dcc3b5aa765d61d8327deb882cf99", "SCRAM-SHA-256$4096:c2FsdA==$YQ==:Yg==",
          "SCRAM-SHA-256$0:c2FsdA==$YQ==:Yg==", "SCRAM-SHA-1$4096:c2FsdA==$YQ==:Yg==", "$$", "SCRAM-SHA-256$:$:"}) {
        EXPECT_FALSE(is_scram_verifier(text)) << text;
    }
}

} // namespace
} // namespace ingot::crypto
