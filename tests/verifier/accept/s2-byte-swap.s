# Twin of reject/s2-byte-swap.s, without the fault.
function f
        bswapq %rbp
        ret
end f
