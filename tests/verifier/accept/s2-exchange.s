# Twin of reject/s2-exchange.s, without the fault.
function f
        xchgq %rbp, %rax
        ret
end f
