// Serves one bucket over TLS with the npm package @20minutes/s3rver, which checks the signatures of requests.
// usage: node s3_server.js MODULES ADDRESS PORT FOLDER CERTIFICATE KEY BUCKET ACCESS-KEY SECRET
const fs = require('node:fs')
const [, , modules, address, port, folder, certificate, key, bucket, accessKey, secret] = process.argv
const s3rver = `${modules}/@20minutes/s3rver`
const S3rver = require(s3rver)

const account = require(`${s3rver}/lib/models/account`).DUMMY_ACCOUNT
account.revokeAccessKey('S3RVER')
account.createKeyPair(accessKey, secret)

// It takes the path of a bucket for "/bucket" when it computes a signature, as Amazon's own library for JavaScript
// does. pgBackRest asks for "/bucket/", and real services sign the path that was asked for.
const v4 = require(`${s3rver}/lib/signature/v4`)
const original = v4.getStringToSign
v4.getStringToSign = (request, signature) => {
  const ofBucket = request.uri.length > 1 && request.uri.lastIndexOf('/') === 0
  return original(ofBucket ? { ...request, uri: `${request.uri}/` } : request, signature)
}

new S3rver({
  address, port: Number(port), directory: folder, silent: true, vhostBuckets: false,
  cert: fs.readFileSync(certificate), key: fs.readFileSync(key), configureBuckets: [{ name: bucket }],
}).run().then(() => console.log('serving'))
