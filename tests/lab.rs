//! Lab files: what they give, and what is said of those that are not right.
#![allow(clippy::unwrap_used)]

use rotascope::lab::{BUILT_IN, Lab};

#[test]
fn every_built_in_lab_is_right() {
    for (name, _) in BUILT_IN {
        let lab = Lab::built_in(name).unwrap();
        println!("{lab:#?}");
    }
}
#[test]
fn example() {
    println!("{}", Lab::parse(include_str!("data/lab-example.toml"), "lab-example.toml").unwrap_err());
}
