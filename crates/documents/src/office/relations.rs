//! Which part of an Office Open XML document points to which (ECMA-376 part 2, section 9).

use super::{
    container::Container,
    xml::{Node, Xml},
};
use crate::Result;

/// Where the relations of one part lead, in their order.
#[derive(Debug, Default)]
pub(super) struct Relations(Vec<Relation>);

#[derive(Debug)]
struct Relation {
    id: String,
    /// The last word of the type, which both dialects of the format share.
    sort: String,
    /// The name of the part.
    part: String,
}

impl Relations {
    /// Those of the whole document.
    pub(super) fn of_package(container: &mut Container<'_>) -> Result<Self> {
        Self::read(container, "", "_rels/.rels")
    }

    /// Those of one part.
    pub(super) fn of(container: &mut Container<'_>, part: &str) -> Result<Self> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let name = if folder.is_empty() {
            format!("_rels/{name}.rels")
        } else {
            format!("{folder}/_rels/{name}.rels")
        };
        Self::read(container, folder, &name)
    }

    fn read(container: &mut Container<'_>, folder: &str, name: &str) -> Result<Self> {
        let Some(text) = container.part(name)? else { return Ok(Self::default()) };
        let mut relations = Vec::new();
        let mut xml = Xml::new(&text);
        loop {
            match xml.next()? {
                Node::Open(element) if element.name() == "Relationship" => {
                    let is_outside = element.attribute("TargetMode").is_some_and(|mode| mode == "External");
                    let (Some(id), Some(sort), Some(target), false) = (
                        element.attribute("Id"),
                        element.attribute("Type"),
                        element.attribute("Target"),
                        is_outside,
                    ) else {
                        continue;
                    };
                    let sort = sort.rsplit('/').next().unwrap_or_default().to_owned();
                    relations.push(Relation { id, sort, part: resolve(folder, &target) });
                }
                Node::End => return Ok(Self(relations)),
                Node::Open(_) | Node::Close(_) | Node::Text(_) => {}
            }
        }
    }

    /// The part with this id.
    pub(super) fn part(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|relation| relation.id == id).map(|relation| relation.part.as_str())
    }

    /// The first part of this sort, such as `styles`.
    pub(super) fn first(&self, sort: &str) -> Option<&str> {
        self.0.iter().find(|relation| relation.sort == sort).map(|relation| relation.part.as_str())
    }
}

/// The name of a part that is given relative to a folder.
fn resolve(folder: &str, target: &str) -> String {
    let start = if target.starts_with('/') { "" } else { folder };
    let mut names: Vec<&str> = Vec::new();
    for name in start.split('/').chain(target.split('/')) {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn targets_are_relative_to_their_part_or_to_the_whole() {
        assert_eq!(resolve("ppt/slides", "../notesSlides/n1.xml"), "ppt/notesSlides/n1.xml");
        assert_eq!(resolve("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("xl", "/xl/./worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolve("", "../../etc/passwd"), "etc/passwd");
    }
}
