# Twin of reject/s2-exchange-with-memory.s, without the fault.
function f
        xchgq %rbp, %gs:(%eax)
        ret
end f
