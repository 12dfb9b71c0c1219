use super::*;

fn written(letters: &Letters, name: &str, surface: &str) -> Letter {
    letters.write(name, surface, &trial()).expect("it can be filled in")
}

#[test]
fn every_mail_has_a_subject_and_a_text_for_every_surface() {
    let letters = Letters::load("").expect("the embedded templates are whole");
    for name in NAMES {
        for origin in crate::origin::Origin::ALL {
            let letter = written(&letters, name, origin.word());
            assert!(!letter.subject.is_empty() && letter.text.len() > 20, "{name} of {origin:?}");
        }
    }
}

#[test]
fn the_third_line_of_project_w_is_the_link_alone() {
    let letters = Letters::load("").expect("the embedded templates are whole");
    let begins = [
        ("activation", "Project-W account activation", "To activate your Project-W account, please confirm your email"),
        (
            "email-change",
            "Project-W account activation",
            "To activate your Project-W account, please confirm your email",
        ),
        ("password-reset", "Project-W password reset request", "To reset the password of your Project-W account, "),
    ];
    for (name, subject, begin) in begins {
        let letter = written(&letters, name, "project-w");
        assert_eq!((&*letter.subject, letter.html.as_deref()), (subject, None));
        assert!(letter.text.starts_with(begin), "{}", letter.text);
        assert_eq!(letter.text.lines().nth(2), Some(&*trial().link));
    }
}

#[test]
fn html_is_escaped_and_text_is_not() {
    let letters = Letters::load("").expect("the embedded templates are whole");
    let values = Values { name: "<b>A&B</b>".into(), ..trial() };
    let letter = letters.write("activation", "backrest", &values).expect("it can be filled in");
    assert!(letter.text.starts_with("Hello <b>A&B</b>,\n"), "{}", letter.text);
    let html = letter.html.expect("it has HTML");
    assert!(html.contains("Hello &lt;b&gt;A&amp;B&lt;&#x2f;b&gt;,"), "{html}");
    assert!(html.contains("<strong>Confirm account creation</strong>"), "{html}");
}

#[test]
fn a_subject_is_one_line_whatever_stands_in_it() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("test.subject"), "Hi {{ name }}\n").expect("written");
    let letters = Letters::load(&folder.path().display().to_string()).expect("a right file");
    let values = Values { name: "x\r\nBcc: eve@example.org".into(), ..trial() };
    let letter = letters.write("test", "graphql", &values).expect("it can be filled in");
    assert_eq!(letter.subject, "Hi xBcc: eve@example.org");
}

#[test]
fn an_operators_file_stands_in_for_the_embedded_one() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("mybrc")).expect("made");
    fs::write(folder.path().join("activation.txt"), "Our own: {{ link }}").expect("written");
    fs::write(folder.path().join("mybrc/activation.subject"), "BRC").expect("written");
    fs::write(folder.path().join("mybrc/activation.txt"), "BRC: {{ link }}").expect("written");
    let letters = Letters::load(&folder.path().display().to_string()).expect("right files");
    let plain = written(&letters, "activation", "graphql");
    assert_eq!(
        (&*plain.subject, &*plain.text),
        ("Please confirm your account", &*format!("Our own: {}", trial().link))
    );
    let own = written(&letters, "activation", "mybrc");
    assert_eq!((&*own.subject, own.html), ("BRC", None));
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display().to_string();
    fs::write(folder.path().join("activation.txt"), "one\ntwo {{ lnk }}").expect("written");
    fs::write(folder.path().join("test.html"), "{% if x %}").expect("written");
    let broken = Letters::load(&path).expect_err("both are wrong");
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(broken[0].0.starts_with(&format!("{path}/activation.txt:2: undefined value")), "{broken:?}");
    assert!(broken[1].0.starts_with(&format!("{path}/test.html:1: syntax error")), "{broken:?}");
    fs::write(folder.path().join("activatoin.txt"), "x").expect("written");
    fs::create_dir(folder.path().join("projectw")).expect("made");
    let broken = Letters::load(&path).expect_err("names that mean nothing");
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(Letters::load("/nowhere/at/all").is_err());
}
