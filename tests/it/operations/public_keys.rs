//! Tokens that are signed with somebody's private key and checked with the public one.

use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize, SignatureAlgorithm};
use sweep::config::JwtAlgorithm;

use crate::harness::{Claims, Client, TestServer};

struct Case {
    algorithm: JwtAlgorithm,
    signs: Algorithm,
    kind: &'static SignatureAlgorithm,
}

const fn case(algorithm: JwtAlgorithm, signs: Algorithm, kind: &'static SignatureAlgorithm) -> Case {
    Case { algorithm, signs, kind }
}

static CASES: [Case; 3] = [
    case(JwtAlgorithm::RS256, Algorithm::RS256, &PKCS_RSA_SHA256),
    case(JwtAlgorithm::ES256, Algorithm::ES256, &PKCS_ECDSA_P256_SHA256),
    case(JwtAlgorithm::EdDSA, Algorithm::EdDSA, &PKCS_ED25519),
];

impl Case {
    fn key(&self) -> KeyPair {
        if self.signs == Algorithm::RS256 {
            KeyPair::generate_rsa_for(self.kind, RsaKeySize::_2048).unwrap()
        } else {
            KeyPair::generate_for(self.kind).unwrap()
        }
    }

    fn sign(&self, key: &KeyPair) -> String {
        let pem = key.serialize_pem();
        let key = match self.signs {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            Algorithm::ES256 => EncodingKey::from_ec_pem(pem.as_bytes()),
            _ => EncodingKey::from_ed_pem(pem.as_bytes()),
        };
        jsonwebtoken::encode(&Header::new(self.signs), &Claims::admin().0, &key.unwrap()).unwrap()
    }
}

fn server(algorithm: JwtAlgorithm, public_key: &Path) -> TestServer {
    TestServer::start_with(|settings| {
        settings.tokens.jwt_algorithm = algorithm;
        settings.tokens.jwt_secret = None;
        settings.tokens.jwt_public_key_file = Some(public_key.to_owned());
        settings.secret = String::new();
    })
}

#[test]
fn each_algorithm_lets_its_own_key_in_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    for case in &CASES {
        let key = case.key();
        let public = key.public_key_pem();
        std::fs::write(&file, &public).unwrap();
        let server = server(case.algorithm, &file);
        let call = |token: &str| Client::new(server.address, Some(token.to_owned())).get("/me");
        call(&case.sign(&key)).expect(200);
        call(&case.sign(&case.key())).refused("unauthorized");
        for other in CASES.iter().filter(|other| other.signs != case.signs) {
            call(&other.sign(&other.key())).refused("unauthorized");
        }
        // The public key is no secret: a token signed with it by HS256 is anybody's.
        for secret in [public.as_bytes(), public.trim().as_bytes(), key.public_key_raw(), b""] {
            let claims = Claims::admin().0;
            let header = Header::new(Algorithm::HS256);
            let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap();
            let problem = call(&forged).refused("unauthorized");
            assert!(problem["detail"].as_str().unwrap().contains("another algorithm"), "{problem}");
        }
        call(&Claims::admin().token()).refused("unauthorized");
    }
}
