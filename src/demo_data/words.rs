//! What the made-up people and companies are called and where they live, by country.

use super::random::Random;

/// Where records live and how things are called there.
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// ISO 639-1.
    pub language: &'static str,
    /// Of 1,000 records.
    share: u64,
    pub first_names: &'static [&'static str],
    pub last_names: &'static [&'static str],
    pub cities: &'static [&'static str],
    pub streets: &'static [&'static str],
    pub company_forms: &'static [&'static str],
}

/// Shares add up to 1,000. France has a tenth.
pub const COUNTRIES: [Country; 6] = [
    Country {
        code: "BE",
        language: "nl",
        share: 350,
        first_names: &[
            "Lotte", "Wout", "Fien", "Jef", "Noémie", "Loïc", "Anke", "Stijn", "Griet", "Bram", "Zoë", "Seppe",
        ],
        last_names: &[
            "Peeters",
            "Maes",
            "Claes",
            "Wouters",
            "De Smet",
            "Vandenbroucke",
            "Lambert",
            "Dubois",
            "Willems",
            "Goossens",
            "Van den Bossche",
            "Lemmens",
        ],
        cities: &["Liège", "Ghent", "Leuven", "Namur", "Brugge", "Mechelen", "Hasselt"],
        streets: &["Dorpsstraat", "Molenweg", "rue du Moulin", "Kerkplein"],
        company_forms: &["NV", "BV", "SA", "CV"],
    },
    Country {
        code: "NL",
        language: "nl",
        share: 200,
        first_names: &["Sanne", "Daan", "Femke", "Ruben", "Yara", "Thijs", "Maud", "Indy", "Sjoerd", "Noor"],
        last_names: &[
            "Jansen",
            "de Vries",
            "van Dijk",
            "Bakker",
            "Visser",
            "Smit",
            "van Bentheim",
            "'s Gravesande",
            "Mulder",
            "Hoekstra",
        ],
        cities: &["Utrecht", "Zwolle", "'s-Hertogenbosch", "Ede", "Delft", "Blesdijke"],
        streets: &["Timdreef", "Julieweg", "Katleenpad", "Suzesteeg"],
        company_forms: &["Groep", "BV", "VOF"],
    },
    Country {
        code: "DE",
        language: "de",
        share: 200,
        first_names: &["Jürgen", "Anneliese", "Björn", "Käthe", "Heinz", "Sabine", "Ömer", "Lena", "Falk", "Grit"],
        last_names: &[
            "Müller", "Schäfer", "Groß", "Weiß", "Köhler", "Niermann", "Schulze", "Özdemir", "Vogel", "Strauß",
        ],
        cities: &["Köln", "München", "Gießen", "Lübeck", "Görlitz", "Jena"],
        streets: &["Hauptstraße", "Gartenweg", "Am Bahnhof", "Mühlgasse"],
        company_forms: &["GmbH", "AG", "KG"],
    },
    Country {
        code: "FR",
        language: "fr",
        share: 100,
        first_names: &["Éloïse", "Théo", "Chloé", "Rémi", "Constance", "Julien", "Maëlle", "Noël", "Anaïs", "Luc"],
        last_names: &[
            "Lefèvre",
            "Moulin",
            "Chrétien",
            "Vasseur",
            "Blanchard",
            "Fontaine",
            "Barbe",
            "Gauthier",
            "Hébert",
        ],
        cities: &["Besançon", "Orléans", "Nîmes", "Évreux", "Pau", "Béziers"],
        streets: &["rue de Pons", "avenue Barbe", "rue Henri Leleu", "boulevard Nord"],
        company_forms: &["SA", "SARL", "et Fils"],
    },
    Country {
        code: "GB",
        language: "en",
        share: 100,
        first_names: &["Olivia", "Harry", "Isla", "Callum", "Megan", "Rhys", "Ffion", "Ewan", "Poppy", "Declan"],
        last_names: &["Jenkins", "O'Brien", "Roberts", "MacLeod", "Whitaker", "Ashdown", "Hughes", "Finley", "Marsh"],
        cities: &["Leeds", "Cardiff", "O'Brienburgh", "Stoke-on-Trent", "Dundee"],
        streets: &["Mathew Ports", "High Street", "Mill Lane", "Station Road"],
        company_forms: &["Ltd", "and Sons", "PLC"],
    },
    Country {
        code: "ES",
        language: "es",
        share: 50,
        first_names: &["José Ignacio", "Lucía", "Íñigo", "Marta", "Nuño", "Begoña", "Álvaro", "Pilar"],
        last_names: &["Cuéllar", "Merino", "Ibáñez", "Núñez", "Aguirre", "Peña", "Ordóñez"],
        cities: &["Lugo", "A Coruña", "Cádiz", "León"],
        streets: &["Cuesta de Edgardo", "Calle Mayor", "Paseo del Río"],
        company_forms: &["S.L.", "S.A."],
    },
];

impl Country {
    pub fn random(random: &mut Random) -> &'static Self {
        let mut rest = random.below(1_000);
        let mut found = &COUNTRIES[0];
        for country in &COUNTRIES {
            found = country;
            if rest < country.share {
                break;
            }
            rest -= country.share;
        }
        found
    }
}

pub const TRADES: [&str; 12] = [
    "Bakery",
    "Logistics",
    "Design",
    "Consulting",
    "Foods",
    "Energy",
    "Press",
    "Travel",
    "Textile",
    "Robotics",
    "Media",
    "Timber",
];
pub const TAGS: [&str; 8] = ["customer", "prospect", "newsletter", "supplier", "partner", "lost", "vip", "to check"];
pub const SOURCES: [&str; 5] = ["cold call", "referral", "website", "fair", "Café Zürich"];
pub const POSITIONS: [&str; 6] = ["CEO", "CFO", "Buyer", "Office manager", "Développeur", "Geschäftsführer"];
pub const REMARKS: [&str; 5] = [
    "Té & Café",
    "Calls back on Monday",
    "Asked for an offer;\nwants it by post",
    "Said: \"not before the summer\"",
    "Invoices to the head office, always with the order number and the name of who ordered",
];

#[cfg(test)]
mod tests {
    use super::COUNTRIES;

    #[test]
    fn every_record_has_a_country() {
        assert_eq!(COUNTRIES.iter().map(|country| country.share).sum::<u64>(), 1_000);
    }
}
