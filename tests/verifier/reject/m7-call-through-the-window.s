# M7. A code address read from guest memory.
function f
bad:    callq *%gs:(%eax)
        ret
end f
