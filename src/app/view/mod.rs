//! What the window draws: functions that read the state and return commands.

pub(crate) mod banners;
pub(crate) mod caption;
pub(crate) mod forms;
pub(crate) mod menus;
pub(crate) mod panels;
pub(crate) mod presenter;
pub(crate) mod speed;
pub(crate) mod splitters;
pub(crate) mod status;
pub(crate) mod timeline;
pub(crate) mod tour;
pub(crate) mod transport;
