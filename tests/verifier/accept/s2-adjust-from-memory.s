# Twin of reject/s2-adjust-from-memory.s, without the fault.
function f
        addq %gs:(%eax), %rbp
        ret
end f
