DROP TABLE alm.watchers;
DROP TABLE alm.notifications;
