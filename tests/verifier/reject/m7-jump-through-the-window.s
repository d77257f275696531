# M7. A code address read from guest memory.
function f
bad:    jmpq *%gs:(%eax)
end f
