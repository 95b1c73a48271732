// SPDX-License-Identifier: LGPL-2.1-or-later
// Chat completions by the llama.cpp that node-llama-cpp carries: node llama-server.mjs MODEL PORT. One line a request.
import http from "node:http";
import { getLlama, LlamaChatSession, GeneralChatWrapper } from "node-llama-cpp";

const LONGEST_REASON = 20;   // a model of random weights does not end by itself
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 1 });
const model = await llama.loadModel({ modelPath: process.argv[2] });

async function complete(asked, signal) {
    const schema = asked.response_format.json_schema.schema;
    schema.properties.reason.maxLength = LONGEST_REASON;
    const grammar = await llama.createGrammarForJsonSchema(schema);
    const context = await model.createContext({ contextSize: 8192 });
    try {
        const session = new LlamaChatSession({
            contextSequence: context.getSequence(),
            systemPrompt: asked.messages[0].content,
            chatWrapper: new GeneralChatWrapper(),
        });
        return await session.prompt(asked.messages[1].content, { grammar, maxTokens: 400, temperature: 0, signal });
    } finally {
        await context.dispose();
    }
}

http.createServer(async (request, response) => {
    const abort = new AbortController();
    let body = "";
    for await (const chunk of request) body += chunk;
    response.on("close", () => { if (!response.writableEnded) abort.abort(); });
    try {
        const content = await complete(JSON.parse(body), abort.signal);
        console.log(`answered ${JSON.stringify(content)}`);
        response.setHeader("Content-Type", "application/json");
        response.end(JSON.stringify({ choices: [{ message: { role: "assistant", content } }], usage: { total_tokens: 1000 } }));
    } catch (error) {
        console.log(`${abort.signal.aborted ? "cancelled" : "failed"}: ${error.message}`);
        response.writeHead(500).end("{}");
    }
}).listen(Number(process.argv[3]), "127.0.0.1", () => console.log("ready"));
