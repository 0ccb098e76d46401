//! Token requests: every row of fairplay.md, section 2.

use super::world::{GOOD, IV, KEY, KID, World};

const KEK: &str = "00112233445566778899aabbccddeeff";
const EK: &str = "ffaf1dae9201d1adf62770dca5ddb77ad773a79369e39986";

#[tokio::test]
async fn what_is_bad_gets_its_code() {
    let world = World::new().await;
    let key = format!("contentKey={KEY}");
    for (parameters, code, parameter) in [
        (key.clone(), -6003, "iv"),
        (format!("{key}&iv=00"), -6003, "iv"),
        (format!("{key}&iv={}", IV.replace('d', "g")), -6003, "iv"),
        (format!("{key}&iv={IV}&kid=00"), -4020, "kid"),
        (format!("{key}&iv={IV}&kid=^{}", "x".repeat(65)), -4021, "kid"),
        (format!("{key}&iv={IV}&kid=^"), -4022, "kid"),
        (format!("iv={IV}"), -6005, "contentKey"),
        (format!("{key}&kek={KEK}&iv={IV}"), -6005, "contentKey"),
        (format!("kek={KEK}&iv={IV}"), -6005, "contentKey"),
        (format!("kek={KEK}&kid={KID}&ek={EK}&iv={IV}"), -6005, ""),
        (format!("ek={EK}&iv={IV}"), -6005, ""),
        (format!("kek={KEK}&ek=00&iv={IV}"), -4024, "ek"),
        (format!("kid={KID}&iv={IV}"), -4019, "kid"),
        (format!("{GOOD}&kid.1=^b&contentKey.1={KEY}&iv.1={IV}"), -6005, ""),
        (format!("{GOOD}&generalFlags=00000001"), -5003, "generalFlags"),
        (format!("{GOOD}&rentalDuration=-1"), -6007, "rentalDuration"),
        (format!("{GOOD}&rentalDuration=1.5"), -6007, "rentalDuration"),
        (format!("{GOOD}&rentalDuration=2147483648"), -6007, "rentalDuration"),
        (format!("{GOOD}&trackType=5"), -2035, "trackType"),
        (format!("{GOOD}&fpExtension=wudo"), -6001, "fpExtension"),
        (format!("{GOOD}&fpExtension="), -6001, "fpExtension"),
        (format!("{GOOD}&fpExtension=wudo,"), -2035, "fpExtension"),
        (format!("{GOOD}&fpExtension=wud,AAAA"), -2036, "fpExtension"),
        (format!("{GOOD}&fpExtension=wudo,*"), -2037, "fpExtension"),
        (format!("{GOOD}&deviceId=00112233445566778899aabbccddeeff"), -6008, "deviceId"),
    ] {
        let answer = world.ask(&format!("{parameters}&errorFormat=json")).await;
        let json = answer.json();
        assert_eq!((answer.status, json["code"].as_i64()), (400, Some(code)), "{parameters}: {json}");
        if !parameter.is_empty() {
            assert_eq!(json["parameter"], parameter, "{parameters}: {json}");
        }
        assert!(
            answer.header("access-control-allow-origin").is_empty(),
            "authenticators are not for browsers"
        );
    }
}

#[tokio::test]
async fn what_is_good_gives_a_url_and_what_is_another_drms_is_ignored() {
    let world = World::new().await;
    let start = format!("{}/hms/fp/rights/?ExpressPlayToken=", world.lab.base());
    for parameters in [
        GOOD.to_owned(),
        format!("contentKey={KEY}&iv={IV}"),
        format!("kek={KEK}&ek={EK}&iv={IV}"),
        format!("kid.0={KID}&contentKey.0={KEY}&iv.0={IV}&trackType.0=3"),
        format!("{GOOD}&generalFlags=0000"),
        format!("{GOOD}&generalFlags=00000000&rentalDuration=2147483647"),
        format!("{GOOD}&fpExtension=wudo,AAECAw==&fpExtension=abcd,AA=="),
        format!("{GOOD}&rightsType=Gift&analogVideoOPL=x&securityLevel=9"),
    ] {
        let answer = world.ask(&parameters).await;
        assert_eq!(answer.status, 200, "{parameters}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "text/uri-list");
        assert!(answer.text().starts_with(&start) && !answer.text().ends_with('\n'));
        let target = answer.text().strip_prefix(&world.lab.base()).unwrap();
        assert_eq!(world.redeem(target).await.status, 200, "{parameters}");
    }
}
