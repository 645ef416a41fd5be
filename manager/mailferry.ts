#!/usr/bin/env node
/**
 * Where the command lay before: services name it so, and npx keeps a link to it for each checkout where it was ever run
 * ("mailferry: not found" after an update).
 */
import './mailferry.js';
