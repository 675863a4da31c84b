/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/segment_training.h"

#include <stdlib.h>

static void tally_shape(struct training *training, uint64_t shape)
{
        unsigned i = 0;

        while (i < training->shape_count && training->shapes[i].shape != shape)
                i++;
        if (i == TRAINING_SHAPES)
                return;
        if (i == training->shape_count)
                training->shapes[training->shape_count++] = (struct shape_tally){shape, 0};
        training->shapes[i].count++;
}

void training_survey(struct training *training, const struct nat_binding *bindings, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                tally_shape(training, shape_of(&bindings[i]));
                if (bindings[i].destination != HOST_NONE)
                        training->ports[bindings[i].destination_port]++;
        }
}

/* Most frequent first; ties by value, so that the same bindings always give the same file. */
static int compare_shapes(const void *left, const void *right)
{
        const struct shape_tally *a = left, *b = right;

        if (a->count != b->count)
                return a->count > b->count ? -1 : 1;
        return a->shape < b->shape ? -1 : a->shape > b->shape;
}

static int compare_destinations(const void *left, const void *right)
{
        const struct destination_tally *a = left, *b = right;

        if (a->count != b->count)
                return a->count > b->count ? -1 : 1;
        return a->number < b->number ? -1 : a->number > b->number;
}

static unsigned most_frequent_port(const uint32_t ports[65536])
{
        unsigned best = 0;

        for (unsigned p = 1; p < 65536; p++)
                if (ports[p] > ports[best])
                        best = p;
        return best;
}

void training_choose(struct training *training, struct model_tables *tables, struct block_encoder *encoder)
{
        qsort(training->shapes, training->shape_count, sizeof training->shapes[0], compare_shapes);
        tables->shape_count = training->shape_count < SHAPES_MAX ? training->shape_count : SHAPES_MAX;
        for (unsigned i = 0; i < tables->shape_count; i++)
                encoder->shapes[i] = tables->shapes[i] = training->shapes[i].shape;
        encoder->shape_count = tables->shape_count;

        memset(encoder->port_symbols, ENTROPY_ESCAPE, sizeof encoder->port_symbols);
        for (unsigned i = 0; i < DESTINATION_PORTS_MAX; i++) {
                unsigned port = most_frequent_port(training->ports);
                if (training->ports[port] < 2)
                        break;
                training->ports[port] = 0;
                encoder->port_symbols[port] = (uint8_t)i;
                tables->ports[tables->port_count++] = (uint16_t)port;
        }
}

void training_tally_destinations(
        struct destination_tally *tallies, const struct nat_binding *bindings, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                uint32_t number = bindings[i].destination;
                if (number == HOST_NONE)
                        continue;
                tallies[number].number = number;
                tallies[number].count++;
        }
}

uint32_t training_sort_destinations(struct destination_tally *tallies, uint32_t highest)
{
        uint32_t used = 0;

        for (uint32_t i = 1; i <= highest; i++)
                if (tallies[i].count > 0)
                        tallies[used++] = tallies[i];
        qsort(tallies, used, sizeof *tallies, compare_destinations);
        return used;
}
