# Twin of reject/s2-compare-and-exchange.s, without the fault.
function f
        cmpxchgq %rbp, %gs:(%eax)
        ret
end f
