//! `errorFormat`: how errors are shown.

use boxoffice_core::{Event, Parameters, Refusal};

/// How an error is shown.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorFormat {
    /// A page, for a person at a browser.
    Html,
    /// For programs.
    Json,
}

impl ErrorFormat {
    /// Reads the parameter; `default` where it is absent.
    ///
    /// # Errors
    /// -3004 for any other value, or several; it is to be shown as HTML.
    pub fn of(parameters: &Parameters, default: Self) -> Result<Self, Refusal> {
        let refuse = |hint: String| Refusal::new(Event::ErrorFormat, hint).parameter("errorFormat");
        match parameters.one("errorFormat") {
            Ok(None) => Ok(default),
            Ok(Some(b"html")) => Ok(Self::Html),
            Ok(Some(b"json")) => Ok(Self::Json),
            Ok(Some(other)) => {
                let shown: String = String::from_utf8_lossy(other).chars().take(64).collect();
                Err(refuse(format!("got {shown:?}, expected html or json")))
            }
            Err(conflict) => Err(refuse(format!("errorFormat is {conflict}"))),
        }
    }

    /// The format for an error that has nothing to do with parameters, a 404 say: an unknown value is HTML.
    #[must_use]
    pub fn of_query(query: Option<&str>, default: Self) -> Self {
        let Some(query) = query else { return default };
        Parameters::parse(query.as_bytes(), b"")
            .map_or(default, |parameters| Self::of(&parameters, default).unwrap_or(Self::Html))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_is_refused_and_an_empty_one_is_none() {
        let of = |query: &str| {
            let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
            ErrorFormat::of(&parameters, ErrorFormat::Json).map_err(|refusal| refusal.to_string())
        };
        assert_eq!(of("errorFormat="), Ok(ErrorFormat::Json));
        assert_eq!(of("errorFormat=html"), Ok(ErrorFormat::Html));
        let xml = "400 [-3004] Invalid error format specified: got \"xml\", expected html or json";
        assert_eq!(of("errorFormat=xml"), Err(xml.to_owned()));
        assert!(of("errorFormat=html&errorFormat=json").is_err());
        assert_eq!(ErrorFormat::of_query(Some("errorFormat=xml"), ErrorFormat::Json), ErrorFormat::Html);
    }
}
